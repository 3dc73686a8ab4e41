"""Side by side on one machine: our node, its competitors, and the ceiling that plain sockets set."""
