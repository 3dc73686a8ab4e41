"""Docking: what supply-chain and production systems ask of identifiers before and after they move or join things."""
