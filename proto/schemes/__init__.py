"""Identifier schemes and sector numbers with their check digits, one file each; `table.py` lists them."""
