"""Tracing: events of the shop floor, the edges they draw between identifiers, and the questions asked of them."""
