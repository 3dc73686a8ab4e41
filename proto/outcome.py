"""What a resolution comes to: a closed union, matched to the end wherever it is used.

`values` are always a counted array in wire form, ready to copy behind the echoed identifier.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.codes import ResponseCode


@dataclass(frozen=True, slots=True)
class Answer:
    """The wanted values. `ttl_s` is how long a cache may keep them; 0 forbids caching."""

    values: bytes
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Referral:
    """Somebody else answers: PREFIX_REFERRAL (303) for prefixes, SERVICE_REFERRAL (302) for identifiers.

    `values` hold HS_SITE or HS_SERV values; `handle` may name a service handle instead, and is empty otherwise.
    `prefix` is the prefix the referral covers when the node that made it knows it, else empty: it is not on the wire.
    """

    code: int
    values: bytes
    handle: str = ""
    ttl_s: int = 0
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class NoValues:
    """The name exists, nothing to show (200)."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The name does not exist (100)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Any other response code, with one sentence for a person."""

    code: int
    message: str = ""


Outcome = Answer | Referral | NoValues | NotFound | Refused


def outcome_code(outcome: Outcome) -> int:
    """The response code that reports an outcome."""
    match outcome:
        case Answer():
            return ResponseCode.SUCCESS
        case NoValues():
            return ResponseCode.VALUES_NOT_FOUND
        case NotFound():
            return ResponseCode.HANDLE_NOT_FOUND
        case Referral(code=code) | Refused(code=code):
            return code
