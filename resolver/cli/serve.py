"""`idis serve DIR`: run one node until it is told to stop."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path

from idis.resolver.cli.output import CommandError
from idis.resolver.config import CONFIG_FILE, NodeConfig
from idis.resolver.config_load import load
from idis.resolver.first_stage import begin

_NEEDED = "lmdb"  # of the packages of a node the one that it cannot do without; the first stage does not load it


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="data directory, made by 'idis init'")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the same, as other commands name it; IDIS_DATA by default")
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"configuration; DIR/{CONFIG_FILE} by default")
    parser.add_argument("--host", action="append", metavar="ADDRESS", help="listen on this address instead; may be repeated")
    parser.add_argument("--port", type=int, help="binary port instead of the configured one")
    parser.add_argument("--http-port", type=int, help="HTTP port instead of the configured one")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that answer on the binary port")
    parser.add_argument(
        "--keeper",
        action=argparse.BooleanOptionalAction,
        help="writes, HTTP and administration apart from the one worker (several workers: always)",
    )
    parser.add_argument("--log-level", help="debug, info, warning or error instead of the configured one")


def run(arguments: argparse.Namespace) -> int:
    """Serve; returns when SIGTERM or SIGINT came and everything under way is done."""
    if find_spec(_NEEDED) is None:  # is told before anything about the directory
        raise ModuleNotFoundError(f"No module named {_NEEDED!r}", name=_NEEDED)
    config = serve_config(arguments)
    stage = begin(config)
    from idis.resolver.processes import serving  # takes longer than everything before it; the first stage answers meanwhile

    return serving.run(config, stage=stage)


def serve_config(arguments: argparse.Namespace) -> NodeConfig:
    """The configuration to serve with."""
    flags = {
        "listen.hosts": arguments.host,
        "listen.port": arguments.port,
        "listen.http_port": arguments.http_port,
        "node.workers": arguments.workers,
        "node.keeper": arguments.keeper,
        "node.log_level": arguments.log_level,
    }
    directory = data_directory(arguments)
    path: Path | None = arguments.config
    if path is None:
        if directory is None:
            raise CommandError("name the data directory: idis serve DIR (or set IDIS_DATA)")
        path = directory / CONFIG_FILE
    return load(path, os.environ, flags, data_dir=directory)


def data_directory(arguments: argparse.Namespace) -> Path | None:
    """The data directory named by argument, flag or environment."""
    if arguments.directory or arguments.data:
        chosen: Path = arguments.directory or arguments.data
        return chosen
    return Path(os.environ["IDIS_DATA"]) if os.environ.get("IDIS_DATA") else None
