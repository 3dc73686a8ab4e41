"""The talkers: servers, recursion, client and commands."""
