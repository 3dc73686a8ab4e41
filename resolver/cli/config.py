"""`idis config check`: what a node's configuration comes to, and the limits nobody sets."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from idis.proto.connection import MESSAGE_BYTES_ANONYMOUS
from idis.proto.dialect import FILTERS_MAX
from idis.proto.fragments import MESSAGES_MAX, MESSAGES_PER_SOURCE_MAX, UDP_FRAGMENTS_MAX, UDP_PACKET_BYTES
from idis.proto.identifier import IDENTIFIER_BYTES_MAX, PREFIX_BYTES_MAX, PREFIX_LABELS_MAX
from idis.proto.message import MESSAGE_BYTES_MAX
from idis.proto.value import TTL_S_MAX, VALUES_PER_RECORD_MAX
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table
from idis.resolver.config import CONFIG_FILE, Tier
from idis.resolver.config_load import merge
from idis.resolver.config_text import MASK, is_secret, shown_text

# The limits no setting changes, as `idis config check` shows them.
LIMITS: dict[str, int] = {
    "MESSAGE_BYTES_MAX": MESSAGE_BYTES_MAX,
    "MESSAGE_BYTES_ANONYMOUS": MESSAGE_BYTES_ANONYMOUS,
    "UDP_PACKET_BYTES": UDP_PACKET_BYTES,
    "UDP_FRAGMENTS_MAX": UDP_FRAGMENTS_MAX,
    "MESSAGES_PER_SOURCE_MAX": MESSAGES_PER_SOURCE_MAX,
    "MESSAGES_MAX": MESSAGES_MAX,
    "IDENTIFIER_BYTES_MAX": IDENTIFIER_BYTES_MAX,
    "PREFIX_BYTES_MAX": PREFIX_BYTES_MAX,
    "PREFIX_LABELS_MAX": PREFIX_LABELS_MAX,
    "VALUES_PER_RECORD_MAX": VALUES_PER_RECORD_MAX,
    "FILTERS_MAX": FILTERS_MAX,
    "TTL_S_MAX": TTL_S_MAX,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("action", choices=["check"], help="print the merged result, or the first thing that is wrong")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="configuration file, or the data directory it is in")
    parser.add_argument("--data", type=Path, metavar="DIR", help=f"data directory with {CONFIG_FILE}; IDIS_DATA by default")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print every setting with where it comes from, then the limits."""
    merged = merge(_path(arguments), os.environ, {})
    rows: list[tuple[str, object, str]] = []
    for key, origin in merged.origins.items():
        section, _, name = key.partition(".")
        rows.append((key, getattr(getattr(merged.config, section), name), origin))
    if arguments.json:
        settings = {key: {"value": MASK if is_secret(key) else _plain(value), "from": origin} for key, value, origin in rows}
        print_json({"settings": settings, "limits": LIMITS})
        return ExitCode.DONE
    print_table(("setting", "value", "from"), [(key, shown_text(key, value), origin) for key, value, origin in rows])
    print()
    print_table(("limit", "value"), list(LIMITS.items()))
    return ExitCode.DONE


def _path(arguments: argparse.Namespace) -> Path:
    path: Path | None = arguments.file or arguments.data
    if path is None and os.environ.get("IDIS_DATA"):
        path = Path(os.environ["IDIS_DATA"])
    if path is None:
        raise CommandError("name the configuration: idis config check FILE, or --data DIR")
    return path / CONFIG_FILE if path.is_dir() else path


def _plain(value: object) -> object:
    match value:
        case Tier():
            return value.value
        case tuple():
            return list(value)
        case _:
            return value
