"""How a node is run: as one process or as a supervisor with a keeper and workers, what they share, who goes first."""
