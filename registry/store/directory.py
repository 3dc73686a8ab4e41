"""The data directory: how it is made, which generation of the store is current, and who may serve from it.

    DIR/node.lock      held with flock by the one node that serves from DIR; its process id is inside
    DIR/CURRENT        names the generation in use; replaced by rename
    DIR/gen-000001/    an LMDB environment

A power cut while LMDB makes its first file can leave a torn one (`storage.md` §2.6). So a generation is made under
another name, flushed, and renamed when it is whole; what has no CURRENT is not a store. Each failure is told in one
sentence that names the path, the user where permissions matter, and the remedy.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from idis.registry.store.base import StoreError

CURRENT = "CURRENT"
LOCK = "node.lock"

_GENERATION = re.compile(r"gen-(\d{6})")
_UNFINISHED = ".new-"
_PID_BYTES_MAX = 20


def make_directory(directory: Path) -> None:
    """Make the data directory when it is missing. Raises StoreError when that is not allowed or a store is in it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreError(f"{directory} is a file: name a folder for the data") from None
    except OSError as error:
        raise _refused(directory, error) from error
    if (directory / CURRENT).exists():
        raise StoreError(f"{directory} already holds a store: use it, or name an empty folder")


def make_generation(directory: Path, build: Callable[[Path, int], None]) -> Path:
    """Build a generation aside, flush it, and make it the current one; all or nothing.

    Args:
        directory: the data directory.
        build: fills the folder it is given with a closed environment; the number is that of the generation.

    Returns:
        The folder of the new generation.
    """
    try:
        for unfinished in directory.glob(_UNFINISHED + "*"):
            shutil.rmtree(unfinished)
        taken = [int(match[1]) for path in directory.iterdir() if (match := _GENERATION.fullmatch(path.name))]
        number = max(taken, default=0) + 1
        aside = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=directory))
        build(aside, number)
        for path in (*aside.iterdir(), aside):
            _flush(path)
        generation = directory / f"gen-{number:06d}"
        aside.rename(generation)
        _flush(directory)
        _point(directory, generation.name)
    except OSError as error:
        raise _refused(directory, error) from error
    return generation


def current_generation(directory: Path) -> Path:
    """The folder of the generation in use. Raises StoreError when the directory is no store."""
    try:
        name = (directory / CURRENT).read_bytes().decode("ascii", "replace").strip()
    except FileNotFoundError:
        if not directory.exists():
            raise StoreError(f"there is no folder {directory}: make it with 'idis init {directory}'") from None
        raise StoreError(f"{directory} holds no store: make one with 'idis init {directory}'") from None
    except OSError as error:
        raise _refused(directory / CURRENT, error) from error
    generation = directory / name
    if not _GENERATION.fullmatch(name) or not generation.is_dir():
        raise StoreError(f"{directory / CURRENT} names {name!r}, which is no generation of this store: restore it from a copy")
    return generation


class NodeLock:
    """The right to serve from a directory: held by one process, given back by `release` or by its death."""

    def __init__(self, directory: Path) -> None:
        path = directory / LOCK
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:
            raise StoreError(f"there is no folder {directory}: make it with 'idis init {directory}'") from None
        except OSError as error:
            raise _refused(path, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, _PID_BYTES_MAX, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreError(
                f"{directory} is served by process {holder}: stop that node first, or give this one its own --data folder"
            ) from None
        # The number is a courtesy to whoever comes second; a full disk must not stop a node that can still answer.
        with suppress(OSError):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let another node serve. The file stays: removing it would let two nodes lock two files of one name."""
        os.close(self._file)


def user_name() -> str:
    """The user this process acts as, for messages about permissions."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def _refused(path: Path, error: OSError) -> StoreError:
    if isinstance(error, PermissionError):
        return StoreError(f"user {user_name()} may not use {path}: change its owner or run as the user it belongs to")
    return StoreError(f"{path} cannot be used: {error.strerror}; check the path and the disk")


def _point(directory: Path, name: str) -> None:
    aside = directory / f"{CURRENT}.new"
    aside.write_text(name + "\n", "ascii")
    _flush(aside)
    aside.rename(directory / CURRENT)
    _flush(directory)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
