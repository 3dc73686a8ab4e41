"""Walking the tiers: a sans-I/O resolution, the cache, and the upstream sockets."""
