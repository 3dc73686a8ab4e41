"""Commands that work on a node's own data directory, while the node runs or not."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from idis.registry.journal import Position
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import Committed, WriteTxn
from idis.registry.store.directory import user_name
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli.output import CommandError, ExitCode

T = TypeVar("T")

DATA_VARIABLE = "IDIS_DATA"
COMMIT_S_MAX = 60  # a node that imports holds the write lock for a group at a time, well below this


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """The options every such command has."""
    parser.add_argument("--data", metavar="DIR", help=f"the node's data directory; default: ${DATA_VARIABLE}")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def data_directory(arguments: argparse.Namespace) -> Path:
    """The data directory that is meant."""
    name = arguments.data or os.environ.get(DATA_VARIABLE)
    if not name:
        raise CommandError(f"which data directory? Give --data DIR, or set {DATA_VARIABLE}")
    return Path(name)


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[LmdbStore]:
    """The store of the data directory, beside the node that may be serving from it."""
    store = LmdbStore.open(data_directory(arguments), exclusive=False)
    try:
        yield store
    finally:
        store.close()


def commit(arguments: argparse.Namespace, change: Callable[[WriteTxn], T]) -> Committed[T]:
    """Apply a change durably; what it raises undoes all of it."""
    with opened(arguments) as store:
        try:
            return store.write(change, actor=f"cli:{user_name()}").result(COMMIT_S_MAX)
        except TimeoutError:
            raise CommandError(
                f"the store was busy for {COMMIT_S_MAX} s, and whether this was written is unknown: run the command again"
            ) from None


def insist(result: T | Refusal) -> T:
    """What a registration returned, unless it was refused."""
    if isinstance(result, Refusal):
        raise CommandError(result.message, ExitCode.REFUSED)
    return result


def position_text(position: Position) -> str:
    """A place in the journal as a person reads it."""
    return f"{position.epoch}.{position.hi}.{position.lo}"
