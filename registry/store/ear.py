"""An ear at a file: a descriptor that becomes readable when any process has written to it, by inotify(7)."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

_MODIFIED = 0x2  # IN_MODIFY
_EVENTS_BYTES = 65_536  # at once; equal events that follow each other are one
_libc = ctypes.CDLL(None, use_errno=True)


class Ear:
    """Hears writes to one file from now on; what a mapped page is changed by is not heard.

    Raises:
        OSError: the kernel has no inotify, or the user has as many as he may (`fs.inotify.max_user_instances`).
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        if _libc.inotify_add_watch(self._descriptor, os.fsencode(path), _MODIFIED) < 0:
            code = ctypes.get_errno()
            self.close()
            raise OSError(code, "inotify", str(path))

    def fileno(self) -> int:
        """The descriptor, readable while something has been written that `forget` does not know of."""
        return self._descriptor

    def forget(self) -> None:
        """Take what was heard until now for known."""
        with suppress(BlockingIOError):
            while len(os.read(self._descriptor, _EVENTS_BYTES)) > _EVENTS_BYTES // 2:
                pass

    def close(self) -> None:
        """Hear no more."""
        os.close(self._descriptor)
