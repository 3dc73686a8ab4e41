"""Where a measurement works: in a folder of its own, below the one that was named, and gone afterwards."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def add_directory(parser: argparse.ArgumentParser) -> None:
    """Declare `--directory`."""
    sentence = "where to work, made where it is missing; the system's temporary folder by default"
    parser.add_argument("--directory", type=Path, metavar="DIR", help=sentence)


@contextmanager
def working_folder(name: str, directory: Path | None) -> Iterator[Path]:
    """A folder that is new, and removed in the end.

    Args:
        name: of the measurement.
        directory: below which; None: the system's temporary folder.

    Raises:
        SystemExit: it cannot be made, with a sentence for whoever named it.
    """
    try:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"idis-{name}-", dir=directory))
    except OSError as error:
        where = directory or tempfile.gettempdir()
        raise SystemExit(f"{where} cannot be worked in ({error.strerror}): name another folder with --directory") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
