"""The piece: a thing as somebody who holds it can see it, read by the schema its record names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from idis.proto.value import Value
from idis.registry.pilots.schema import ObjectType
from idis.registry.pilots.table import object_type_named
from idis.registry.pilots.validation import TYPE_TEMPLATE_ID
from idis.registry.trace.held import texts_by_type

_NUMBERS = ("partNo", "customerPartId", "modelId", "equipmentCode", "model", "serialNo", "batteryCode", "plateNo", "batchNo")


@dataclass(frozen=True, slots=True)
class Piece:
    """A thing and what is seen of it.

    Attributes:
        thing: in its one spelling.
        known: whether a record was found at all.
        texts: its values by type.
        type: the object type its record is of; None for what no pilot describes.
    """

    thing: str
    known: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)
    type: ObjectType | None = None

    @property
    def numbers(self) -> frozenset[str]:
        """What an order may call it: part, model and serial numbers, and codes of the enterprises, compared without blanks."""
        named = [self.texts[name] for name in _NUMBERS if name in self.texts]
        return frozenset(map(plain, (self.thing, *named, *self.items("localIds"))))

    def items(self, name: str) -> tuple[str, ...]:
        """The texts of a list; none where it is absent."""
        return tuple(str(item) for item in self.objects(name))

    def objects(self, name: str) -> tuple[object, ...]:
        """The items of a list as JSON; one item that is no list; none where it is absent."""
        text = self.texts.get(name, "")
        if not text.startswith("["):
            return (text,) if text else ()
        try:
            found = json.loads(text)
        except ValueError:
            return (text,)
        return tuple(found) if isinstance(found, list) else (found,)


def piece_of(thing: str, values: Iterable[Value] | None) -> Piece:
    """A thing with the values that were answered for it; None: there is no record, or nobody could be asked."""
    if values is None:
        return Piece(thing)
    texts = texts_by_type(values)
    return Piece(thing, True, texts, object_type_named(texts.get(TYPE_TEMPLATE_ID, "")))


def plain(number: str) -> str:
    """A number as it is compared: blanks and case do not matter."""
    return "".join(number.split()).casefold()
