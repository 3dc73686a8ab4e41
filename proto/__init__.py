"""The language: identifiers, values, messages and connections as pure functions and state machines.

Nothing here knows a clock, a socket or a disk: `now` and randomness are arguments.
"""
