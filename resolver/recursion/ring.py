"""The cache of a recursive node for the compiled step: a ring of answers that are fresh and have been asked for again.

The recursor's cache decides what is known and for how long; this shows part of it. An entry is shown for SHOWN_S, and not
beyond the time from which it is to be fetched anew, so that the recursor still learns what is popular. What it forgets,
this forgets at once. Only what is asked with PO is shown, for questions without PO may be answered otherwise. A suffix is
shown as it was asked for: whether its case matters, only its authority knows.

Whether names are answered by this node's own registry decides the registry, so before each batch the journal is looked at
when the store has moved: a prefix that was registered here a moment ago is no longer answered from the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from idis.proto._speedups import PUBLIC_ONLY, AnswerIndex, IndexFull
from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.proto.outcome import Answer, NotFound, NoValues
from idis.registry.answer_entries import TYPES_OF_KIND
from idis.registry.store.base import Store, StoreError
from idis.resolver.recursion.cache import Entry, Key

SHOWN_S = 10.0
ENTRY_BYTES = 96  # the least an entry takes; gives the number of slots
SECRET_BYTES = 16

_ASKED_WITH_PO = 1  # the flags of a `cache_key`
_EMPTY_MESSAGE = b"\x00\x00\x00\x00"
_KINDS = {tuple(sorted(fold(name) for name in types)): kind for kind, types in TYPES_OF_KIND.items()}


class AnswerRing:
    """Shows entries of an `AnswerCache`; the file has no name once it is mapped, and ends with the process.

    Args:
        folder: where the file is made, best in memory.
        bytes_max: octets for entries.
        store: this node's own registry.
        look: takes in what is new in its journal, and says whether there is more.
        random_octets: `secrets.token_bytes`.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(
        self, folder: Path, bytes_max: int, store: Store, look: Callable[[], bool], random_octets: Callable[[int], bytes]
    ) -> None:
        path = folder / f"idis-{random_octets(8).hex()}"
        slots = AnswerIndex.slots_for(bytes_max // ENTRY_BYTES)
        self.index = AnswerIndex.create(path, slots, bytes_max, random_octets(SECRET_BYTES), ring=True)
        path.unlink()
        self.index.enabled = True
        self._store = store
        self._look = look
        self._seen = -1

    def fresh(self) -> bool:
        """Whether the recursor has heard of every change of the registry committed until now."""
        last = self._store.last_transaction
        if last != self._seen:
            try:
                if self._look():
                    return False
            except StoreError:
                return False
            self._seen = last
        return True

    def show(self, entry: Entry, now: float, unix: float) -> float:
        """Answer from an entry for SHOWN_S at most; see `Mirror`."""
        place = _place_of(entry.key)
        until = int(min(unix + min(entry.expires_at - now, entry.prefetch_at - now, SHOWN_S), entry.valid_until))
        if place is None or until <= unix:
            return 0.0
        match entry.outcome:
            case Answer(values=values):
                value, code = values, ResponseCode.SUCCESS
            case NotFound():
                value, code = _EMPTY_MESSAGE, ResponseCode.HANDLE_NOT_FOUND
            case NoValues():
                value, code = _EMPTY_MESSAGE, ResponseCode.VALUES_NOT_FOUND
            case _:
                return 0.0
        try:
            self.index.put(place, value, int(code), until, PUBLIC_ONLY)
        except (IndexFull, ValueError):  # more small entries than places, or one larger than the ring takes
            return 0.0
        return now + until - unix

    def forget(self, key: Key) -> None:
        """Answer from this entry no longer."""
        place = _place_of(key)
        if place is not None:
            self.index.delete(place)

    def close(self) -> None:
        """Give the memory back."""
        self.index.close()


def make_ring(
    folders: list[Path], bytes_max: int, store: Store, look: Callable[[], bool], random_octets: Callable[[int], bytes]
) -> AnswerRing | None:
    """A ring in the first of these folders that has room; None when none has."""
    for folder in folders:
        with suppress(OSError):
            return AnswerRing(folder, bytes_max, store, look, random_octets)
    return None


def _place_of(key: Key) -> bytes | None:
    """Where an entry stands in the index; None for a question the compiled step does not know."""
    prefix, suffix, flags, *filters = key
    if flags != _ASKED_WITH_PO or not isinstance(prefix, str):
        return None
    if isinstance(suffix, str):
        return None if filters else bytes((_KINDS[()],)) + f"{prefix}/{suffix}".encode()
    match filters:
        case [tuple(types), ()] if types in _KINDS and types:
            return bytes((_KINDS[types],)) + prefix.encode()
        case _:
            return None
