"""Data directories: made whole or not at all, served by one node, and clear about what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from idis.registry.store import codec, keys
from idis.registry.store.base import StoreError
from idis.registry.store.directory import NodeLock, current_generation, make_directory, make_generation
from idis.registry.store.environment import Environment
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.writer import Settings

MAP_BYTES = 1_048_576
SETTINGS = Settings(free_bytes_min=0)


def create(directory: Path) -> None:
    """Make a store and close it."""
    LmdbStore.create(directory, map_bytes=MAP_BYTES, settings=SETTINGS).close()


def reopen(directory: Path, *, exclusive: bool = True) -> LmdbStore:
    """Open a store that was made."""
    return LmdbStore.open(directory, exclusive=exclusive, settings=SETTINGS)


def test_layout(tmp_path: Path) -> None:
    """A new directory holds a lock, a generation and the file that names it."""
    create(tmp_path / "node")

    assert sorted(path.name for path in (tmp_path / "node").iterdir()) == ["CURRENT", "gen-000001", "node.lock"]
    assert (tmp_path / "node" / "CURRENT").read_text() == "gen-000001\n"


def test_parents_are_made(tmp_path: Path) -> None:
    """A path of missing folders is made."""
    create(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b" / "CURRENT").exists()


def test_not_over_a_store(tmp_path: Path) -> None:
    """A store is not made where one is."""
    create(tmp_path)

    with pytest.raises(StoreError, match="already holds a store"):
        create(tmp_path)


def test_not_over_a_file(tmp_path: Path) -> None:
    """A file is no folder."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="is a file"):
        make_directory(tmp_path / "file")


def test_failed_build_leaves_no_store(tmp_path: Path) -> None:
    """When filling a generation fails, there is none, and the next attempt clears what was left."""

    def fail(folder: Path, _number: int) -> None:
        (folder / "half").write_text("")
        raise LookupError

    with pytest.raises(LookupError):
        make_generation(tmp_path, fail)
    with pytest.raises(StoreError, match="holds no store"):
        current_generation(tmp_path)
    create(tmp_path)
    assert not list(tmp_path.glob(".new-*"))


def test_generation_without_current(tmp_path: Path) -> None:
    """A crash between the two renames leaves a generation nobody points to; the next one is made beside it."""
    (tmp_path / "gen-000001").mkdir()
    create(tmp_path)

    assert current_generation(tmp_path).name == "gen-000002"


def test_missing_folder(tmp_path: Path) -> None:
    """The message names the folder and the command that makes it."""
    with pytest.raises(StoreError, match=r"there is no folder .*/none: make it with 'idis init"):
        reopen(tmp_path / "none")


def test_no_store(tmp_path: Path) -> None:
    """A folder without CURRENT is not a store."""
    with pytest.raises(StoreError, match="holds no store"):
        reopen(tmp_path)


@pytest.mark.parametrize("name", ["", "gen-000009", "../elsewhere", "\udcff"])
def test_bad_current(tmp_path: Path, name: str) -> None:
    """CURRENT names a generation of this directory, or the store is not opened."""
    create(tmp_path)
    (tmp_path / "CURRENT").write_bytes(name.encode("utf-8", "surrogateescape"))

    with pytest.raises(StoreError, match="CURRENT"):
        reopen(tmp_path)


def test_other_format(tmp_path: Path) -> None:
    """A store of another format is refused with both formats in the sentence."""
    create(tmp_path)
    environment = Environment(tmp_path / "gen-000001", map_bytes=0)
    raw = environment.begin_write()
    meta = codec.Meta("lmdb-0.9", "node", 1, 0, 1, format=9)
    raw.put(keys.META_STORE, codec.encode_meta(meta), db=environment.tables.meta)
    raw.commit()
    environment.close()

    with pytest.raises(StoreError, match=r"format 9 of engine lmdb-0\.9, this version reads 1"):
        reopen(tmp_path)


def test_not_a_database(tmp_path: Path) -> None:
    """A file that is no database is named, with what to do."""
    create(tmp_path)
    (tmp_path / "gen-000001" / "data.mdb").write_bytes(b"\x17" * 65_536)

    with pytest.raises(StoreError, match=r"gen-000001 cannot be opened as a store .*idis verify"):
        reopen(tmp_path)


def test_second_node_is_refused(tmp_path: Path) -> None:
    """The second node learns the process of the first."""
    create(tmp_path)
    first = reopen(tmp_path)

    with pytest.raises(StoreError, match=f"is served by process {os.getpid()}: stop that node first"):
        reopen(tmp_path)
    first.close()


def test_lock_ends_with_its_holder(tmp_path: Path) -> None:
    """A node that is gone, however it went, does not stand in the way."""
    script = (
        "import os; from pathlib import Path; from idis.registry.store.directory import NodeLock\n"
        f"lock = NodeLock(Path({str(tmp_path)!r})); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)

    NodeLock(tmp_path).release()


def test_failed_open_gives_the_lock_back(tmp_path: Path) -> None:
    """After a refused open the directory can be opened once it is mended."""
    create(tmp_path)
    good = (tmp_path / "gen-000001" / "data.mdb").read_bytes()
    (tmp_path / "gen-000001" / "data.mdb").write_bytes(b"\x17" * 65_536)
    with pytest.raises(StoreError):
        reopen(tmp_path)
    (tmp_path / "gen-000001" / "data.mdb").write_bytes(good)

    reopen(tmp_path).close()


def test_open_twice_in_one_process(tmp_path: Path) -> None:
    """LMDB locks through the process: a second open is refused in words."""
    create(tmp_path)
    first = reopen(tmp_path)

    with pytest.raises(StoreError, match="already open in this process"):
        reopen(tmp_path, exclusive=False)
    first.close()


def test_several_directories_in_one_process(tmp_path: Path) -> None:
    """A whole tree of nodes may live in one process."""
    stores = [LmdbStore.create(tmp_path / str(number), map_bytes=MAP_BYTES, settings=SETTINGS) for number in range(3)]

    assert len({store.environment.folder for store in stores}) == 3
    for store in stores:
        store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user without rights")
def test_permission_denied() -> None:
    """The sentence names the user, the path and the remedy."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        create(Path(folder) / "node")
        script = (
            "import os; from pathlib import Path; from idis.registry.store.lmdb import LmdbStore; os.setuid(65534)\n"
            f"try: LmdbStore.open(Path({folder!r}, 'node'), exclusive=True)\n"
            "except Exception as error: print(type(error).__name__, error)"
        )
        told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert told.stdout.startswith(f"StoreError user nobody may not use {folder}/node/node.lock: change its owner"), told
