"""Which values of an answer the statements in it are about, and the digests their signatures must cover (`trust.md` §3.1).

Whoever is known to a node may be shown more than the public, with sealed statements about just that. One about the full view
is about all he sees; else those of his groups are, together. The public statement brings its list of digests, since nobody
who sees more can tell which values are public.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from idis.proto.errors import ProtocolError
from idis.proto.statement import (
    SIGNED_INDEX,
    SIGNED_TYPE,
    VIEW_FULL,
    VIEW_PUBLIC,
    digest_of,
    is_sealed,
    sealed_digest,
    signable,
)
from idis.proto.types.signed import Signed, decode_signed, encode_signed
from idis.proto.value import Value


class NotCovered(Exception):
    """Statements and values do not belong together; the message says why."""


def statements_for(values: Sequence[Value]) -> list[Signed]:
    """The statements to be checked of an answer to somebody known: the full view's or those of his groups, then the public one.

    Raises:
        NotCovered: one cannot be read, or stands where another belongs.
    """
    indexes = [value.index for value in values]
    if sorted(set(indexes)) != indexes:
        raise NotCovered("the values are not in the order of their indexes")
    by_view: dict[int, Signed] = {}
    for value in values:
        if value.type == SIGNED_TYPE:
            try:
                signed = decode_signed(value.data)
            except ProtocolError:
                raise NotCovered("a statement cannot be read") from None
            # A view is told by its place, too; and a sealed statement is for some only, so that it is never public.
            if signed.view != value.index - SIGNED_INDEX or value.public == is_sealed(value):
                raise NotCovered(f"the statement at index {value.index} belongs elsewhere")
            by_view[signed.view] = signed
    sealed = [VIEW_FULL] if VIEW_FULL in by_view else sorted(by_view.keys() - {VIEW_PUBLIC})
    return [by_view[view] for view in (*sealed, VIEW_PUBLIC) if view in by_view]


def covered_by(signed: Signed, values: Sequence[Value], complete: bool) -> tuple[tuple[bytes, ...], set[int]]:
    """The digests a statement's signature must cover, and the indexes of the values it is about.

    Args:
        signed: the statement.
        values: of the answer.
        complete: whether all values were asked for.

    Raises:
        NotCovered: a value the statement is about is missing, or is another.
    """
    told = [value for value in values if value.type != SIGNED_TYPE]
    if signed.view == VIEW_PUBLIC:
        return _public(signed, told, complete)
    by_index, opened = {value.index: value for value in told}, signed.opened
    if gone := opened.keys() - by_index.keys():
        raise NotCovered(f"value {min(gone)}, which was signed, is missing")
    made = {index: sealed_digest(by_index[index], salt, signed.suite) for index, salt in opened.items()}
    if complete or not signed.digests:
        pads = [sealed_digest(None, salt, signed.suite) for index, salt in signed.salts if not index]
        return tuple(sorted([*made.values(), *pads])), set(opened)
    for index, digest in made.items():
        if digest not in signed.digests:
            raise NotCovered(f"value {index} is not one that was signed")
    return signed.digests, set(opened)


def disclosed(values: Sequence[Value], indexes: Collection[int]) -> tuple[Value, ...]:
    """Some values of a whole answer with what proves them, and nothing that tells of the others.

    Args:
        values: of an answer to somebody known, in which all his statements hold (`proof.prove`).
        indexes: of the values to be passed on.

    Returns:
        These, the sealed statements about them, each with its digests and the salts of these values alone, and the public one.

    Raises:
        NotCovered: a value is not there, or no statement is about it.
    """
    shown = [value for value in values if value.index in indexes and value.type != SIGNED_TYPE]
    left = set(indexes)
    carriers = []
    for signed in statements_for(values):
        digests, covered = covered_by(signed, values, complete=True)
        if signed.view != VIEW_PUBLIC:
            salts = tuple((index, salt) for index, salt in signed.salts if index in left)
            if not salts:
                continue
            signed = replace(signed, salts=salts)
        left -= covered
        place = next(value for value in values if value.index == SIGNED_INDEX + signed.view)
        carriers.append(replace(place, data=encode_signed(replace(signed, digests=digests))))
    if left:
        raise NotCovered(f"no statement is about a value {min(left)}")
    return tuple(sorted((*shown, *carriers), key=lambda value: value.index))


def _public(signed: Signed, told: Sequence[Value], complete: bool) -> tuple[tuple[bytes, ...], set[int]]:
    made = {digest_of(value, signed.suite): value.index for value in told}
    digests = signed.digests or tuple(digest_of(value, signed.suite) for value in told if signable(value))
    if complete and any(digest not in made for digest in digests):
        raise NotCovered("a public value that was signed is missing, or is another")
    return digests, {made[digest] for digest in digests if digest in made}
