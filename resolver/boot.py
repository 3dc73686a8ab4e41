"""Which boot of the machine this is: files of an earlier one may hold any mixture of pages."""

from __future__ import annotations

import secrets
from pathlib import Path

BOOT_BYTES_MAX = 40
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_name() -> bytes:
    """What names this boot, in at most BOOT_BYTES_MAX octets; where the system does not say, nothing of before is believed."""
    try:
        return _BOOT_ID.read_bytes().strip()[:BOOT_BYTES_MAX]
    except OSError:
        return secrets.token_hex(16).encode()
