"""The steps a query passes, one file each; `resolver/chain.py` holds their order."""
