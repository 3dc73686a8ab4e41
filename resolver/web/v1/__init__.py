"""`/api/v1`: this node's own interface, described by its typed models (`resolver/README.md`)."""
