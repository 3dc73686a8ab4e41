"""What the tests of loading share: a store with two prefixes, and plates as a mill would list them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from idis.registry.loading.load import Options, Summary, load
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.writer import Settings

MILL = "88.118.21"
YARD = "88.118.8"
ORGANISATION = f"{MILL}/ORG.MILL"
PLATE_COLUMNS = (
    "identifier",
    "name",
    "producer",
    "visibility",
    "plateNo",
    "heatNo",
    "steelGrade",
    "thickness",
    "width",
    "length",
    "supplier",
    "certificate",
)

Plates = Callable[..., list[list[str]]]
AsCsv = Callable[..., str]
Load = Callable[..., Summary]


def open_store(directory: Path) -> LmdbStore:
    """A new store that answers for mill and yard, knows a delegated prefix and a suspended one."""
    store = LmdbStore.create(directory, exclusive=False, settings=Settings(free_bytes_min=0))
    for entry in (
        PrefixEntry(MILL, homed=True),
        PrefixEntry(YARD, hosting=Hosting.HOSTED, fold_suffix=False),
        PrefixEntry("88.118.30"),
        PrefixEntry("88.118.31", homed=True, state=PrefixState.SUSPENDED),
    ):
        store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result()  # type: ignore[misc]
    return store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LmdbStore]:
    """A store of its own."""
    store = open_store(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def plates() -> Plates:
    """Rows of plates, without the header."""

    def rows(count: int, *, first: int = 1) -> list[list[str]]:
        return [
            [
                f"{MILL}/PLATE.24H-{number:05}",
                f"船板 {number}",
                ORGANISATION,
                "public",
                f"24H-{number:05}",
                "24H",
                "AH36",
                "18",
                "2650",
                "8700",
                ORGANISATION,
                f"{MILL}/CERT.24H",
            ]
            for number in range(first, first + count)
        ]

    return rows


@pytest.fixture
def as_csv() -> AsCsv:
    """A table as CSV text."""

    def text(rows: list[list[str]], *, columns: tuple[str, ...] = PLATE_COLUMNS, separator: str = ",") -> str:
        file = io.StringIO()
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        return file.getvalue()

    return text


@pytest.fixture
def load_file(store: LmdbStore, tmp_path: Path) -> Load:
    """Load text or octets under a name as plates of the ship pilot, unless told otherwise."""

    def run(content: str | bytes | Path, *, name: str = "plates.csv", now: int = 1_700_000_000, **options: object) -> Summary:
        path = tmp_path / name
        if isinstance(content, Path):
            path = content
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        wanted = Options(**{"pilot": "ship", "object_code": "plate", "processes": 1, **options})  # type: ignore[arg-type]
        return load(path, store, wanted, folder=tmp_path, today=date(2026, 1, 2), now=now, report=lambda *_: None)

    return run
