"""The `idis` command: picks the sub-command, turns errors into one sentence and an exit code.

Each sub-command is a file with `configure(parser)` and `run(arguments) -> int`; only the chosen one is imported, so
that `idis resolve` needs nothing of what a node needs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from idis.proto.errors import IdisError
from idis.resolver.cli.output import CommandError, ExitCode

# name → (module, one line of help), in the order a new user needs them
COMMANDS: dict[str, tuple[str, str]] = {
    "lab": ("lab", "a whole national tree on this machine, with the pilots' sample data"),
    "resolve": ("resolve", "ask for an identifier"),
    "detect": ("detect", "what a scanned or pasted text is: its scheme, its check digit, who would be asked"),
    "code": ("code", "make QR codes, Data Matrix and bar codes for labels, read them from pictures"),
    "init": ("init", "make the data directory of one node"),
    "serve": ("serve", "run one node"),
    "prefix": ("prefix", "apply for, approve, delegate, host, suspend and list prefixes"),
    "route": ("route", "where identifiers of other schemes are asked: nodes, resolvers, templates, DNS"),
    "register": ("register", "create, change or delete one record"),
    "import": ("import_", "load records from CSV, XLSX or JSON lines, checked against a pilot's schema"),
    "export": ("export", "write records out as JSON lines or CSV"),
    "pilot": ("pilot", "show a pilot's objects and fields, write sample data"),
    "dock": ("dock", "check parts against order and product before assembly, tell what was built"),
    "key": ("key", "make keys that sign records, delegate from a prefix to the keys below it"),
    "readers": ("readers", "keep values of records for some readers only"),
    "role": ("role", "grant, revoke and list the roles of people and programs on a node"),
    "token": ("token", "make, list and revoke API tokens"),
    "audit": ("audit", "show and export what was done on a node, and by whom"),
    "verify": ("verify", "check a data directory offline"),
    "capture": ("capture", "take in events of the shop floor: EPCIS 2.0 documents in JSON"),
    "trace": ("trace", "where a thing comes from, where it went, what a recall affects, over all enterprises"),
    "notice": ("notice", "tell those who hold what is affected, and acknowledge what one is told"),
    "health": ("health", "ask a running node how it is"),
    "bench": ("bench", "measure a running server's latency and throughput, compare two"),
    "config": ("config", "check and print a node's configuration"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except CommandError as error:
        print(f"idis: {error}", file=sys.stderr)
        return error.code
    except IdisError as error:
        print(f"idis: {error}", file=sys.stderr)
        return ExitCode.USAGE
    except KeyboardInterrupt:
        print("idis: interrupted", file=sys.stderr)
        return 130  # what a shell reports for a program ended by Ctrl-C
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; that is its right.
        sys.stderr.close()
        return ExitCode.DONE
    except OSError as error:
        # Commands explain what they open themselves; what is left is usually standard output on a full disk.
        print(f"idis: {error.filename or 'the output'} cannot be used: {error.strerror or error}", file=sys.stderr)
        _discard_output()
        return ExitCode.USAGE
    return code


def _run(words: Sequence[str]) -> int:
    parser, commands = _parser(words)
    arguments, unknown = parser.parse_known_args(words)
    if unknown:
        # Said by the command's own parser, whose help lists what it does know.
        commands.get(arguments.command, parser).error(f"{' '.join(unknown)} is not understood")
    if arguments.version:
        from importlib.metadata import version  # half as long to import as everything else here

        print(f"idis {version('idis')}")
        return ExitCode.DONE
    if arguments.command is None:
        parser.print_help()
        return ExitCode.USAGE
    try:
        code: int = arguments.run(arguments)
    except ModuleNotFoundError as missing:
        raise _incomplete(missing) from None
    return code


def _discard_output() -> None:
    """What is still buffered could not be written at the end either, and would then end in a traceback."""
    with suppress(OSError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence, like all others."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where to read on, without repeating the whole usage."""
        self.exit(ExitCode.USAGE, f"idis: {message.removeprefix('argument ')} (see '{self.prog} --help')\n")


def _parser(words: Sequence[str]) -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(prog="idis", description="Industrial Internet identifier resolution.")
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    chosen = next((word for word in words if not word.startswith("-")), None)
    for name, (module, line) in COMMANDS.items():
        command = commands.add_parser(name, help=line, description=line[:1].upper() + line[1:] + ".")
        if name == chosen:
            _configure(command, module)
    return parser, commands.choices


def _configure(parser: argparse.ArgumentParser, module: str) -> None:
    try:
        command = importlib.import_module(f"idis.resolver.cli.{module}")
    except ModuleNotFoundError as missing:
        raise _incomplete(missing) from None
    command.configure(parser)
    parser.set_defaults(run=command.run)


def _incomplete(missing: ModuleNotFoundError) -> CommandError:
    """What to do where only the client is installed; a missing module of our own is our mistake and shows as one."""
    if missing.name is None or missing.name.startswith("idis."):
        raise missing
    return CommandError(f"this command needs the node's packages ({missing.name} is missing): pip install 'idis[node]'")
