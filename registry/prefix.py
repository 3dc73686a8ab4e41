"""Prefixes: who owns them, in which state, and who answers for them (`domain.md` §3, §4).

A prefix entry is also the prefix record `0.NA/P`: `values` are what a query for the bare prefix or the prefix handle
gets. Three arrangements exist. *Homed*: this node holds the records and registers the prefixes below. *Hosted*: the
enterprise has no servers, this node answers in its place. *Delegated*: `values` name the sites that answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

ROOT_PREFIX = "0.NA"  # the prefix above all others: who homes it is a root


class PrefixState(IntEnum):
    """The national numbering of 前缀状态."""

    SUSPENDED = 0
    ACTIVE = 1
    REVOKED = 2
    REJECTED = 3
    APPLIED = 4
    IN_REVIEW = 5


class Hosting(IntEnum):
    """The national numbering of 托管状态 (proxyState)."""

    NOT_HOSTED = 1
    APPLIED = 2
    REJECTED = 3
    HOSTED = 4


class Privacy(IntEnum):
    """How a value without public-read is treated: challenged as Handle does, or as if it did not exist."""

    HANDLE = 0
    STRICT = 1


class Moving(IntEnum):
    """Where the records of a prefix are on their way between two nodes (`registration/moving.py`)."""

    STAYS = 0
    ARRIVING = 1  # kept here already, and answered by the other node still
    LEAVING = 2  # answered here, and no longer changed, until the other node has them all
    LEFT = 3  # answered by the other node; what is still kept here is being deleted


@dataclass(frozen=True, slots=True)
class PrefixEntry:
    """One prefix of this node's registry.

    Attributes:
        prefix: folded.
        values: the prefix record as a counted array in wire form; sites, services, keys.
        fold_suffix: whether suffixes below compare without ASCII case.
        quota: most records allowed below it; 0 is unlimited.
        version: set by the store on every write.
        signing_required: whether every record below it must carry its owner's signature (`registration/signing.py`).
        daily_quota: most resolutions a day below it, counted by Beijing time; 0 is unlimited.
    """

    prefix: str
    state: PrefixState = PrefixState.ACTIVE
    homed: bool = False
    hosting: Hosting = Hosting.NOT_HOSTED
    owner: str = ""
    owner_code: str = ""  # unified social credit code 统一社会信用代码
    industry: str = ""
    privacy: Privacy = Privacy.HANDLE
    fold_suffix: bool = True
    quota: int = 0
    reason: str = ""  # why it was rejected, suspended or revoked
    values: bytes = b"\x00\x00\x00\x00"
    ttl_s: int = 86_400
    version: int = 0
    signing_required: bool = False
    daily_quota: int = 0
    moving: Moving = Moving.STAYS

    @property
    def answers_here(self) -> bool:
        """Whether this node answers for the records below the prefix."""
        return self.homed or self.hosting is Hosting.HOSTED

    @property
    def keeps_records(self) -> bool:
        """Whether records below the prefix may lie in this node's store."""
        return self.answers_here or self.moving in (Moving.ARRIVING, Moving.LEFT)


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """A range of prefixes answered elsewhere: `start` to `end` inclusive, of equal parent and equal label length.

    Octet order then equals numeric order: `88.101.1000` to `88.101.1999`. Ranges do not overlap.
    """

    start: str
    end: str
    values: bytes
    ttl_s: int = 86_400
    version: int = 0
