"""Asking other nodes: from one question to the answer its owner gives.

    recursor     what is known, what is under way, what is served stale; the face towards the node
    cache        answers by question, bounded in octets
    delegation   who answers for which prefix
    resolution   the walk down the tiers, without sockets; `goal`, `budget` and `event` are its parts
    walk         drives a resolution over an upstream
    upstream     one question to one server; `udp` and `pool` carry it, `health` chooses and spares
    target       a server that can be asked
    flood        the limit on absent names
    resolved     what comes out

Times are readings of one monotonic clock in seconds; unix time decides only where a value ends at an absolute time.
"""
