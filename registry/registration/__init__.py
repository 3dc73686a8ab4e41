"""How prefixes and records come to be, change and end: pure functions over a write transaction."""
