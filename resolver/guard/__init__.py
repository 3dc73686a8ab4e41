"""Keeping a node up and harmless: source validation and rate limits."""
