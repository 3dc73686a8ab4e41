"""The part of DNS that a naming authority for identifiers speaks: messages, names, records, cookies. Pure functions."""
