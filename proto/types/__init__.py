"""Structured value types, one file each; `table.py` lists them."""
