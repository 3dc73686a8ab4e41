"""Notices between nodes: whoever holds what is affected is told, and says that he has heard (`tracing.md` §2.2, §8.3).

Opcode NOTICE tells an addressee of a notice: the owner of a prefix, or somebody whom the node stands for under a contact
handle. Opcode RECEIPT tells the node that sent it how it stands with it there. Both bodies are flat msgpack arrays of fixed
length; many texts travel as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

import msgpack

from idis.proto.errors import ProtocolError
from idis.proto.flat import FlatReader, join_texts, split_texts
from idis.proto.identifier import IDENTIFIER_BYTES_MAX

NOTICE_VERSION = 1
NOTICE_ID_BYTES = 16
THINGS_MAX = 1_000  # named in one notice; `count` says how many there are
THINGS_BYTES_MAX = 131_072
TEXT_CHARACTERS_MAX = 2_000
WORDS_CHARACTERS_MAX = 500  # of whoever acknowledges

_NOTICE_FIELDS = 11
_RECEIPT_FIELDS = 9

E = TypeVar("E", bound=IntEnum)


class NoticeKind(IntEnum):
    """What a notice is."""

    ALERT = 1
    INVESTIGATION = 2
    RECALL = 3
    REPORT_8D = 4


class Severity(IntEnum):
    """How bad it is."""

    MINOR = 1
    MAJOR = 2
    CRITICAL = 3
    LIFE_THREATENING = 4


class NoticeState(IntEnum):
    """How it stands with a notice at an addressee; a later state never becomes an earlier one."""

    CREATED = 1  # it is on its way
    RECEIVED = 2  # his node has it
    ACKNOWLEDGED = 3  # somebody there has seen it
    ACCEPTED = 4
    DECLINED = 5
    CLOSED = 6
    UNDELIVERED = 7  # his node refused it, or was silent for too long


@dataclass(frozen=True, slots=True)
class NoticeTelling:
    """The body of NOTICE.

    Attributes:
        notice_id: NOTICE_ID_BYTES, given by whoever sends it.
        prefix: in whose name it is sent, folded.
        to: the prefix it is for, folded, or a contact handle that the node gave out.
        kind, severity: of what it tells.
        told_ms: when it was made.
        text: one for people.
        things: of the addressee, by name or by the pseudonyms his node gave them.
        count: how many of his are affected, in `things` or not.
        about: what it began with, as far as whoever sends it says so.
    """

    notice_id: bytes
    prefix: str
    to: str
    kind: NoticeKind
    severity: Severity
    told_ms: int
    text: str
    things: tuple[str, ...]
    count: int
    about: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """The body's octets."""
        packed: bytes = msgpack.packb(
            [
                NOTICE_VERSION,
                self.notice_id,
                self.prefix,
                self.to,
                int(self.kind),
                int(self.severity),
                self.told_ms,
                self.text,
                join_texts(self.things),
                self.count,
                join_texts(self.about),
            ]
        )
        return packed


@dataclass(frozen=True, slots=True)
class NoticeReceipt:
    """The body of RECEIPT.

    Attributes:
        notice_id: of the notice, as it was sent.
        prefix: to whom it was sent from: the receipt is for his node.
        to: to whom it was sent: a prefix, or a contact handle.
        state: how it stands there.
        told_ms: since when.
        words: of whoever acknowledged it.
        reached, acknowledged: how many others it was handed on to have it, and how many of them have acknowledged it.
    """

    notice_id: bytes
    prefix: str
    to: str
    state: NoticeState
    told_ms: int
    words: str = ""
    reached: int = 0
    acknowledged: int = 0

    def encode(self) -> bytes:
        """The body's octets."""
        packed: bytes = msgpack.packb(
            [
                NOTICE_VERSION,
                self.notice_id,
                self.prefix,
                self.to,
                int(self.state),
                self.told_ms,
                self.words,
                self.reached,
                self.acknowledged,
            ]
        )
        return packed


def read_notice(octets: bytes) -> NoticeTelling:
    """Decode the body of NOTICE.

    Raises:
        ProtocolError: it breaks off, holds anything but the fields said, or more than allowed.
    """
    fields = _Fields(octets, _NOTICE_FIELDS)
    told = NoticeTelling(
        fields.identity(),
        fields.text(IDENTIFIER_BYTES_MAX),
        fields.text(IDENTIFIER_BYTES_MAX),
        fields.word(NoticeKind),
        fields.word(Severity),
        fields.number(),
        fields.text(TEXT_CHARACTERS_MAX),
        fields.texts(),
        fields.number(),
        fields.texts(),
    )
    fields.expect(fields.ended, "octets after the last field")
    return told


def read_receipt(octets: bytes) -> NoticeReceipt:
    """Decode the body of RECEIPT.

    Raises:
        ProtocolError: it breaks off, holds anything but the fields said, or more than allowed.
    """
    fields = _Fields(octets, _RECEIPT_FIELDS)
    receipt = NoticeReceipt(
        fields.identity(),
        fields.text(IDENTIFIER_BYTES_MAX),
        fields.text(IDENTIFIER_BYTES_MAX),
        fields.word(NoticeState),
        fields.number(),
        fields.text(WORDS_CHARACTERS_MAX),
        fields.number(),
        fields.number(),
    )
    fields.expect(fields.ended, "octets after the last field")
    return receipt


class _Fields(FlatReader):
    """The members of one message about a notice."""

    def __init__(self, octets: bytes, count: int) -> None:
        super().__init__(octets, "notice", str_bytes_max=THINGS_BYTES_MAX, bin_bytes_max=NOTICE_ID_BYTES)
        self.expect(self.header() == count, f"the body has {count} fields")
        self.expect(self.number() == NOTICE_VERSION, f"only layout {NOTICE_VERSION} is known")

    def identity(self) -> bytes:
        """The id of a notice."""
        found = self.octets()
        self.expect(len(found) == NOTICE_ID_BYTES, f"a notice's id has {NOTICE_ID_BYTES} octets")
        return found

    def number(self) -> int:
        """A whole number from 0."""
        found = self.member()
        self.expect(type(found) is int and 0 <= found < 2**63, "a number from 0 is expected")
        return int(found)

    def word(self, words: type[E]) -> E:
        """A member of an enumeration."""
        found = self.number()
        try:
            return words(found)
        except ValueError:
            raise ProtocolError(f"no {words.__name__} has the number {found}", offset=0) from None

    def text(self, characters_max: int) -> str:
        """A text for people, or a name."""
        found = self.member()
        self.expect(isinstance(found, str) and len(found) <= characters_max and "\x00" not in found, "a text is expected")
        return str(found)

    def texts(self) -> tuple[str, ...]:
        """Names."""
        found = self.member()
        self.expect(isinstance(found, str) and found.count("\x00") <= THINGS_MAX, f"at most {THINGS_MAX} names are expected")
        return split_texts(found)
