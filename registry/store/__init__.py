"""The store seam and its engines. Only this package knows that LMDB exists."""
