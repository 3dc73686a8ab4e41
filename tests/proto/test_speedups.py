"""Which hot path is loaded, and that the switch turns the compiled one off."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from idis.proto import speedups

PROGRAM = "from idis.proto import speedups; print(speedups.LOADED)"


def loaded(**environment: str) -> str:
    """What a fresh interpreter loads."""
    inherited = {name: value for name, value in os.environ.items() if name != "IDIS_NO_EXTENSIONS"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=inherited | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_switch_gives_the_plain_path() -> None:
    """Whatever was built."""
    assert loaded(IDIS_NO_EXTENSIONS="1") == speedups.PLAIN


@pytest.mark.parametrize("value", ["", "0"])
def test_a_switch_that_is_off_changes_nothing(value: str) -> None:
    """Empty and 0 are off."""
    assert loaded(IDIS_NO_EXTENSIONS=value) == loaded()


def test_what_was_built_is_loaded() -> None:
    """The compiled path wherever there is one."""
    built = importlib.util.find_spec("idis.proto._speedups") is not None

    assert loaded() == (speedups.COMPILED if built else speedups.PLAIN)
