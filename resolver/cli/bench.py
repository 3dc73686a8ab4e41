"""`idis bench`: measure a running server; `bench/` does it."""

from __future__ import annotations

import argparse
import importlib
from types import ModuleType


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    _command().configure(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure."""
    code: int = _command().run(arguments)
    return code


def _command() -> ModuleType:
    # By name: the resolver stands below the bench and must not need it.
    return importlib.import_module("idis.bench.command")
