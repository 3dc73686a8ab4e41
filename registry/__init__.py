"""The truth: which prefixes and records exist, who owns them, and what to answer."""
