"""Mapping: a pilot's records as the documents that other data spaces and passports ask for, and back."""
