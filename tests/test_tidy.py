"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PORTIONS = ("proto", "registry", "resolver", "bench")
SOURCES = sorted(path for portion in PORTIONS for path in (ROOT / portion).rglob("*.py"))

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60

# proto ← registry ← resolver ← bench: what each portion may import
MAY_IMPORT = {
    "proto": {"proto"},
    "registry": {"proto", "registry"},
    "resolver": {"proto", "registry", "resolver"},
    "bench": {"proto", "registry", "resolver", "bench"},
}
BENCH_ROOMS = ("asking", "measuring", "report")
# The core that knows no clock, socket or disk.
PURE_BANS = {"time", "socket", "asyncio", "os", "pathlib", "selectors", "random", "secrets", "threading", "lmdb", "aiohttp"}
NODE_PACKAGES = ("idis.registry", "aiohttp", "lmdb", "uvloop", "prometheus", "cryptography")
CLIENT_FILES = ("resolver/client.py", "resolver/sync.py", "resolver/recursion/resolution.py")


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(_text(path), str(path))))


@cache
def _imports(path: Path) -> set[str]:
    names = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
    return names


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_a_file_is_one_noun_of_bearable_length(path: Path) -> None:
    """No source file exceeds 500 lines and no function 60."""
    lines = len(_text(path).splitlines())
    long_functions = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert lines <= FILE_LINES_MAX
    assert long_functions == []


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_imports_point_down(path: Path) -> None:
    """proto knows nothing of registry, registry nothing of resolver, resolver nothing of bench."""
    portion = path.relative_to(ROOT).parts[0]
    used = {name.split(".")[1] for name in _imports(path) if name.startswith("idis.")}

    assert used <= MAY_IMPORT[portion]


@pytest.mark.parametrize("room", BENCH_ROOMS)
def test_a_room_of_the_bench_imports_those_before_it(room: str) -> None:
    """Asking knows nothing of measuring, measuring nothing of the report."""
    later = BENCH_ROOMS[BENCH_ROOMS.index(room) + 1 :]
    used = {".".join(name.split(".")[1:3]) for path in (ROOT / "bench" / room).glob("*.py") for name in _imports(path)}

    assert used & {f"bench.{name}" for name in later} == set()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.is_relative_to(ROOT / "proto")], ids=_relative)
def test_proto_knows_no_clock_socket_or_disk(path: Path) -> None:
    """The language is pure: time, randomness and octets come as arguments."""
    assert {name.split(".")[0] for name in _imports(path)} & PURE_BANS == set()


@pytest.mark.parametrize("path", [path for path in SOURCES if "registry/store" not in _relative(path)], ids=_relative)
def test_only_the_store_knows_lmdb(path: Path) -> None:
    """LMDB is imported in registry/store and nowhere else."""
    assert "lmdb" not in {name.split(".")[0] for name in _imports(path)}


@pytest.mark.parametrize("name", CLIENT_FILES)
def test_the_client_needs_proto_only(name: str) -> None:
    """`pip install idis` gives a client: neither registry nor a node's packages are imported by it."""
    program = (
        f"import importlib, sys; importlib.import_module('idis.{name[:-3].replace('/', '.')}');"
        f"print([name for name in sys.modules if name.startswith({NODE_PACKAGES!r})])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_command_line_starts_without_a_node() -> None:
    """Importing the CLI imports neither aiohttp nor lmdb, so `idis resolve` starts at once."""
    program = "import idis.resolver.cli.main, sys; print([m for m in sys.modules if m in ('aiohttp', 'lmdb', 'uvloop')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_every_package_on_disk_is_in_the_wheel() -> None:
    """A package missing from pyproject.toml imports in a checkout and is silently missing from the wheel."""
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"])
    on_disk = {"idis." + str(path.parent.relative_to(ROOT)).replace("/", ".") for path in SOURCES if path.name == "__init__.py"}

    assert listed == on_disk
    assert {path.parent for path in SOURCES} == {path.parent for path in SOURCES if path.name == "__init__.py"}


def test_top_level_folders_are_fixed() -> None:
    """No room is added to the house without a decision."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()
    if not tracked:
        pytest.skip("not a git checkout")
    folders = {line.split("/")[0] for line in tracked if "/" in line and not line.startswith(".")}

    assert folders == {"proto", "registry", "resolver", "bench", "deploy", "tests"}


def test_exceptions_are_not_swallowed_wholesale() -> None:
    """`except Exception` cleans up and raises again, or stands where a loop must outlive one peer and says so beside itself."""
    swallowed = [
        f"{_relative(path)}:{handler.lineno}"
        for path in SOURCES
        for handler in _nodes(path)
        if isinstance(handler, ast.ExceptHandler)
        and (handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")))
        and not (isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None)
        and "#" not in _text(path).splitlines()[handler.lineno - 1]
    ]

    assert swallowed == []
