"""What a verifier knows of prefixes and their keys today (`proto/types/prefix_status.py`, `trust.md` §4).

Of each key that may speak for a prefix the newest word counts, of those that came along and those seen before: nobody gets
behind a revocation by serving the status of yesterday. That a key is revoked or a record void holds for ever; that all is
well, or that a prefix is suspended, holds for as long as the status does. Where there is no word that still holds, the
status is unknown, and so the proof says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from idis.proto.errors import ProtocolError
from idis.proto.types.prefix_status import STATUS_TYPE, PrefixStatus, PrefixWord, decode_status
from idis.proto.value import Value

STATUSES_LOOKED_AT_MAX = 64  # of those that came along
STATUSES_REMEMBERED_MAX = 65_536

CURRENT = "current"
UNKNOWN = "unknown"

# suite, key, octets, signature: raises when the signature is wrong; the first text says what it is on.
Check = Callable[[str, int, bytes, bytes, bytes], None]
Seen = dict[tuple[str, bytes], PrefixStatus]

_STOPPED = {PrefixWord.SUSPENDED: "suspended", PrefixWord.REVOKED: "revoked"}


def statuses_of(values: Iterable[Value]) -> list[PrefixStatus]:
    """The statuses among values; those that cannot be read are none."""
    found = []
    for value in values:
        if value.type == STATUS_TYPE:
            try:
                found.append(decode_status(value.data))
            except ProtocolError:
                continue
    return found


@dataclass(slots=True)
class Words:
    """What the keys of one chain say, asked prefix by prefix from the top.

    Attributes:
        presented: statuses that came along.
        seen: those that were believed before; told of new ones.
        now: unix time in seconds.
        skew_s: how far clocks may differ.
        revoked: keys that somebody above them, or themselves, revoked.
        unknown: prefixes of which nobody's word holds now.
        until: when the first of the words ends that hold now.
    """

    presented: tuple[PrefixStatus, ...]
    seen: Seen
    now: int
    skew_s: int
    revoked: set[bytes] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)
    until: int = 0
    _heard: dict[str, list[PrefixStatus]] = field(default_factory=dict)

    def listen(self, prefix: str, suite: int, kid: bytes, key: bytes, check: Check) -> str:
        """Take a key's word for a prefix; why the prefix is not to be believed, or nothing.

        Raises:
            whatever `check` raises: the status is no word of that key.
        """
        heard = self._heard.setdefault(prefix, [])
        if kid in self.revoked or any(status.kid == kid for status in heard):
            return ""
        named = [one for one in self.presented if (one.prefix, one.suite, one.kid) == (prefix, suite, kid)]
        remembered = self.seen.get((prefix, kid))
        status = max(named, key=lambda one: one.age, default=remembered)
        if status is None or (remembered is not None and remembered.age >= status.age):
            status = remembered
        elif status.issued <= self.now + self.skew_s:
            check(f"the status of {prefix}", suite, key, status.octets(), status.signature)
            self._remember(status)
        else:
            status = remembered  # from the future: somebody's clock is wrong, and it says nothing yet
        if status is None:
            return ""
        heard.append(status)
        self.revoked.update(status.revoked)
        stopped = _STOPPED.get(PrefixWord(status.word)) if status.word in tuple(PrefixWord) else f"of word {status.word}"
        holds = self.now <= status.valid_until + self.skew_s
        return f"the prefix {prefix} is {stopped}, by its status of {status.issued} (unix time)" if stopped and holds else ""

    def conclude(self, prefix: str) -> None:
        """All have spoken who may speak for a prefix."""
        ends = [one.valid_until for one in self._heard.get(prefix, ()) if self.now <= one.valid_until + self.skew_s]
        if not ends:
            if prefix not in self.unknown:
                self.unknown.append(prefix)
            return
        self.until = min(max(ends), self.until or max(ends))

    def refuse_record(self, prefix: str, spelling: str, version: int, not_before: int) -> str:
        """Why a record's statement counts no longer; nothing when it does."""
        for status in self._heard.get(prefix, ()):
            if not_before < status.min_signed_at:
                return f"everything signed for {prefix} before {status.min_signed_at} (unix time) is void"
            if version < (floor := status.floor_of(spelling)):
                return f"version {version} is superseded: {floor} is the lowest that counts"
        return ""

    @property
    def word(self) -> str:
        """CURRENT, or UNKNOWN with the prefixes nobody speaks for."""
        return f"{UNKNOWN}: no valid status of {', '.join(self.unknown)}" if self.unknown else CURRENT

    def _remember(self, status: PrefixStatus) -> None:
        self.seen.pop((status.prefix, status.kid), None)
        self.seen[status.prefix, status.kid] = status
        if len(self.seen) > STATUSES_REMEMBERED_MAX:
            del self.seen[next(iter(self.seen))]
