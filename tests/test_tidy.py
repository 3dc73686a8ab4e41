"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Facts:
    """What the rules ask of a source file; the tree itself is let go."""

    lines: int
    long_functions: tuple[str, ...]
    imports: frozenset[str]
    swallowed: tuple[int, ...]  # lines of what catches everything, goes on and does not say why


@cache
def _facts(path: Path) -> _Facts:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    long_functions, imports, swallowed = [], set(), []
    for node in ast.walk(ast.parse(text, str(path))):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX:
                    long_functions.append(f"{node.name} ({length} lines)")
            case ast.Import():
                imports.update(alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module)):
                imports.add(module)
            case ast.ExceptHandler() if _swallows(node) and "#" not in lines[node.lineno - 1]:
                swallowed.append(node.lineno)
    return _Facts(len(lines), tuple(long_functions), frozenset(imports), tuple(swallowed))


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything and does not raise it again."""
    everything = handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )
    last = handler.body[-1]
    return everything and not (isinstance(last, ast.Raise) and last.exc is None)


def _packages(path: Path) -> set[str]:
    """The top packages it imports."""
    return {name.split(".")[0] for name in _facts(path).imports}


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_a_file_is_one_noun_of_bearable_length() -> None:
    """No source file exceeds 500 lines."""
    assert [_relative(path) for path in SOURCES if _facts(path).lines > FILE_LINES_MAX] == []


def test_a_function_fits_a_screen() -> None:
    """None exceeds 60 lines."""
    assert {_relative(path): _facts(path).long_functions for path in SOURCES if _facts(path).long_functions} == {}


def test_imports_point_down() -> None:
    """proto knows nothing of registry, registry nothing of resolver, resolver nothing of bench."""
    upward = {
        _relative(path): above
        for path in SOURCES
        if (above := {name.split(".")[1] for name in _facts(path).imports if name.startswith("idis.")} - _may_import(path))
    }

    assert upward == {}


def _may_import(path: Path) -> set[str]:
    return MAY_IMPORT[path.relative_to(ROOT).parts[0]]


@pytest.mark.parametrize("room", BENCH_ROOMS)
def test_a_room_of_the_bench_imports_those_before_it(room: str) -> None:
    """Asking knows nothing of measuring, measuring nothing of the report."""
    later = BENCH_ROOMS[BENCH_ROOMS.index(room) + 1 :]
    used = {".".join(name.split(".")[1:3]) for path in (ROOT / "bench" / room).glob("*.py") for name in _facts(path).imports}

    assert used & {f"bench.{name}" for name in later} == set()


def test_proto_knows_no_clock_socket_or_disk() -> None:
    """The language is pure: time, randomness and octets come as arguments."""
    proto = [path for path in SOURCES if path.is_relative_to(ROOT / "proto")]

    assert proto
    assert {_relative(path): found for path in proto if (found := _packages(path) & PURE_BANS)} == {}


def test_only_the_store_knows_lmdb() -> None:
    """LMDB is imported in registry/store and nowhere else."""
    knowing = {path.parent for path in SOURCES if "lmdb" in _packages(path)}

    assert knowing == {ROOT / "registry" / "store"}


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
    swallowed = [f"{_relative(path)}:{line}" for path in SOURCES for line in _facts(path).swallowed]

    assert swallowed == []
