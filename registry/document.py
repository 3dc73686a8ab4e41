"""Documents: what a node keeps beside prefixes and records, each kind with its own reader (`registry/README.md`).

The store knows of a document only its kind, its key and its octets; whoever owns a kind owns the form of both.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import blake2b

DOCUMENT_KEY_BYTES_MAX = 400  # room for an identifier of ordinary length; longer names are hashed by whoever makes the key
DOCUMENT_BYTES_MAX = 262_144  # a form with its attachments' names, not the attachments; bounds one commit


class DocumentKind(IntEnum):
    """Which documents there are; the number is part of their key on disk and never given to another kind."""

    TOKEN = 1  # API tokens, by their identification
    ROLE = 2  # role grants, by identity
    APPLICATION = 3  # an applicant's data as an organisation, by prefix
    CONSENT = 4  # acts that wait for a second person
    OPERATOR = 6  # public keys of operators that no record or prefix holds, by identity
    TOKEN_USE = 7  # when a token was last used: apart from it, so that a use never brings a revoked one back
    LISTED_TEMPLATE = 8  # templates with readers' lists, and how far their records have been written anew, by identity
    DAILY_COUNT = 9  # resolutions of a prefix today, by prefix
    CAPTURE_JOB = 10  # what became of a document of events, by time and a random number
    EVENT_QUERY = 11  # questions about events under a name, by name
    EVENT_SUBSCRIPTION = 12  # who is told the answers of such a question, by its name and a number
    FOREIGN_ROUTE = 13  # where identifiers of any scheme are asked, by type and prefix or range (`foreign_routes.py`)
    NOTICE = 15  # notices sent and received, and what is to be told of them (`trace/notices.py`)
    TEMPLATE_ELSEWHERE = 16  # templates of other nodes that records name, and what is known of them, by identifier


def text_key(text: str) -> bytes:
    """The key of a document that is found by a name: its octets, or `ff` and their BLAKE2b-256 where they are too many.

    The octet `ff` occurs in no text, so a hash is never mistaken for a name; the document holds the name in full.
    """
    octets = text.encode()
    if len(octets) <= DOCUMENT_KEY_BYTES_MAX:
        return octets
    return b"\xff" + blake2b(octets, digest_size=32).digest()
