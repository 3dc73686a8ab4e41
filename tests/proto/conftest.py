"""Golden octets for the tests of the language."""

from collections.abc import Callable
from pathlib import Path

import pytest

VECTORS = Path(__file__).parent.parent / "vectors"


@pytest.fixture
def vector() -> Callable[[str], bytes]:
    """Reads the octets of a file in tests/vectors by its name."""

    def read(name: str) -> bytes:
        lines = (VECTORS / f"{name}.hex").read_text("utf-8").splitlines()
        return bytes.fromhex("".join(line.partition(";")[0] for line in lines))

    return read
