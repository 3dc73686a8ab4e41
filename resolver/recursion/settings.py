"""What an operator may set about recursion; the limits nobody may raise stand in the files that enforce them."""

from __future__ import annotations

from dataclasses import dataclass

from idis.resolver.recursion.budget import RESOLUTION_MS_MAX

CACHE_BYTES = 256 * 1024 * 1024
RING_SHARE = 0.25  # of the same memory, where the compiled step answers: what it shows of the cache
TTL_MAX_S = 86_400  # the field's SDK caps at two days; a day bounds how long a mistake lives
NEGATIVE_TTL_S = 60
PREFIX_NEGATIVE_TTL_S = 5  # of a prefix that is not registered: somebody waits for its approval to take effect
NEGATIVE_TTL_S_MAX = 300  # a name registered now must be seen within minutes
STALE_MAX_S = 86_400
PENDING_CLIENT_QUERIES = 10_000  # a waiting query costs memory; BIND counts 20 KB each


@dataclass(frozen=True, slots=True)
class RecursorSettings:
    """The settings of one recursor.

    Attributes:
        roots: `HOST:PORT` of the nodes that know the top of the tree; each may be a root, or a private tree's own top.
        cache_bytes: memory for cached answers and delegations, in octets.
        ttl_max_s: longest time an answer is kept, in seconds.
        negative_ttl_s: how long NotFound and NoValues are kept, at most NEGATIVE_TTL_S_MAX.
        stale_max_s: how long after its end an answer may be served while the authority is silent.
        deadline_ms: longest time one question may take in all.
        pending_queries: questions under way at once, waiters included.
    """

    roots: tuple[str, ...] = ()
    cache_bytes: int = CACHE_BYTES
    ttl_max_s: int = TTL_MAX_S
    negative_ttl_s: int = NEGATIVE_TTL_S
    stale_max_s: int = STALE_MAX_S
    deadline_ms: int = RESOLUTION_MS_MAX
    pending_queries: int = PENDING_CLIENT_QUERIES
