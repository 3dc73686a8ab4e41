"""Ports for whoever must be told one before it binds; where a test binds itself, the kernel chooses."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

# Below those that Linux lends to clients (ip_local_port_range): a port from there is taken by the next connection.
LOWEST, HIGHEST = 15_000, 31_000
TRIES_MAX = 100


def free_port() -> int:
    """A port of 127.0.0.1 that neither TCP nor UDP uses."""
    return free_base((0,))


def free_base(distances: Iterable[int]) -> int:
    """A port from which on all those at some distances are free."""
    wanted = tuple(distances)
    for _ in range(TRIES_MAX):
        base = random.randrange(LOWEST, HIGHEST)
        if all(is_free(base + distance) for distance in wanted):
            return base
    raise OSError("no free ports")


def is_free(port: int) -> bool:
    """Whether neither UDP nor TCP uses it."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
