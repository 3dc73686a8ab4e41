"""A data set for measurements: any number of records below a prefix, each known from its number.

The identifiers have 30 octets below a prefix of ten, and the answers 360, the sizes the reference figures were taken
with. `idis bench rows` writes the records as lines that `idis import` reads; `idis bench --sample N --prefix P` asks for
the first N of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from idis.proto.value import Value

SAMPLES_MAX = 100_000_000
DIGITS = 17
VALUES_BYTES = 278  # of the counted array: with envelope, header and identifier an answer of 360 octets
_URL = "https://id.example.com/"
_FIXED_BYTES = 4 + 2 * (14 + 4 + 4 + 4) + len("URL") + len("PRODUCT") + len(_URL) + 2 + DIGITS


def sample_identifier(prefix: str, number: int) -> str:
    """The identifier of a record."""
    return f"{prefix}/B-{number:0{DIGITS}d}"


def sample_identifiers(prefix: str, count: int) -> list[str]:
    """The identifiers of the first `count` records."""
    return [sample_identifier(prefix, number) for number in range(count)]


def sample_values(number: int) -> tuple[Value, Value]:
    """The values of a record: where its page is, and as many hexadecimal digits as fill the answer."""
    filling = hashlib.shake_128(str(number).encode()).hexdigest((VALUES_BYTES - _FIXED_BYTES + 1) // 2)
    name = f"B-{number:0{DIGITS}d}"
    return (
        Value(1, "URL", (_URL + name).encode()),
        Value(2, "PRODUCT", filling[: VALUES_BYTES - _FIXED_BYTES].encode()),
    )


def sample_rows(prefix: str, count: int) -> Iterator[str]:
    """The records as JSON lines in the REST form."""
    for number in range(count):
        values = [
            {"index": v.index, "type": v.type, "data": {"format": "string", "value": v.text}} for v in sample_values(number)
        ]
        yield json.dumps({"handle": sample_identifier(prefix, number), "values": values})
