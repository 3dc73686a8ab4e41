"""Which identifiers are asked for, read from a file, from the lab's map, or made by number."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from idis.bench.asking.sample import SAMPLES_MAX, sample_identifiers
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.resolver.cli.output import CommandError

IDENTIFIERS_MAX = 20_000_000  # some two gigabytes of questions


@dataclass(frozen=True, slots=True)
class Asked:
    """Identifiers, and for some of them a text that a value of the answer must hold.

    Attributes:
        identifiers: in the order they were given, each once.
        wanted: by identifier; the first pass looks for it.
    """

    identifiers: list[str]
    wanted: dict[str, str]


def from_file(path: Path) -> Asked:
    """One identifier a line, behind which a tabulator and the text to be found may stand.

    Raises:
        CommandError: it cannot be read, holds nothing, or something that is no identifier.
    """
    wanted: dict[str, str] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        identifier, _, text = line.strip().partition("\t")
        if identifier:
            _check(identifier, f"{path}, line {number}")
            wanted[identifier.strip()] = text.strip()
    return _asked(list(wanted), {name: text for name, text in wanted.items() if text}, path)


def from_map(path: Path) -> Asked:
    """The samples of the map that `idis lab --map` writes.

    Raises:
        CommandError: it cannot be read or is no map.
    """
    try:
        samples = json.loads(_text(path))["samples"]
        identifiers = [str(name) for group in samples.values() for name in group]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandError(f"{path} is no map of 'idis lab --map'") from None
    for identifier in identifiers:
        _check(identifier, str(path))
    return _asked(list(dict.fromkeys(identifiers)), {}, path)


def from_sample(prefix: str, count: int) -> Asked:
    """The first `count` identifiers of the sample data below a prefix.

    Raises:
        CommandError: none, too many, or no prefix.
    """
    if not 0 < count <= min(SAMPLES_MAX, IDENTIFIERS_MAX):
        raise CommandError(f"--sample: 1 to {IDENTIFIERS_MAX}")
    _check(f"{prefix}/0", "--prefix")
    return Asked(sample_identifiers(prefix, count), {})


def _asked(identifiers: list[str], wanted: dict[str, str], path: Path) -> Asked:
    if not identifiers:
        raise CommandError(f"{path} holds no identifiers: write one a line")
    if len(identifiers) > IDENTIFIERS_MAX:
        raise CommandError(f"{path} holds {len(identifiers)} identifiers, at most {IDENTIFIERS_MAX} are asked for")
    return Asked(identifiers, wanted)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no text in UTF-8: see its octet {error.start + 1}") from None


def _check(identifier: str, where: str) -> None:
    try:
        parse_identifier(identifier)
    except IdentifierError as error:
        raise CommandError(f"{where}: {identifier!r} is no identifier: {error}") from None
