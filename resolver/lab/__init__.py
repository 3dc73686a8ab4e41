"""The lab: a whole national tree on loopback, every node a process of its own with its own store and sockets."""
