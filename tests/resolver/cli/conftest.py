"""What the tests of commands share: a data directory, and the command run on it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from idis.registry.prefix import PrefixEntry
from idis.registry.store.lmdb import LmdbStore

MAP_BYTES = 16 * 1_048_576
Command = Callable[..., int]


@pytest.fixture
def data_of(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the data directory of a node that homes one prefix."""

    def make(prefix: str) -> Path:
        directory = tmp_path / "node"
        store = LmdbStore.create(directory, map_bytes=MAP_BYTES)
        store.write(lambda txn: txn.put_prefix(PrefixEntry(prefix, homed=True)), actor="test").result()
        store.close()
        return directory

    return make


@pytest.fixture
def command_of() -> Callable[[ModuleType, Path], Command]:
    """Makes what runs a command's WORDS with `--data DIR`."""

    def make(module: ModuleType, directory: Path) -> Command:
        def run(*words: str) -> int:
            parser = argparse.ArgumentParser()
            module.configure(parser)
            code: int = module.run(parser.parse_args([*words, "--data", str(directory)]))
            return code

        return run

    return make
