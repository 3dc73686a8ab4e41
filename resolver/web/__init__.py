"""HTTP on a node: the handle API, health and metrics."""
