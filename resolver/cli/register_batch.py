"""`idis register --batch FILE`: a file of any size, in batches, with progress, taken up again where it stopped."""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idis.proto.codes import ResponseCode, response_code_name
from idis.registry.caller import tool
from idis.registry.store.directory import user_name
from idis.resolver.batch.local import LocalSender
from idis.resolver.batch.place import Place, errors_path, find_place
from idis.resolver.batch.run import UNREAD, BatchLost, BatchRefused, Sender, register_file
from idis.resolver.batch.wire import WireSender
from idis.resolver.cli.data_directory import data_directory, opened
from idis.resolver.cli.key_options import key_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.progress import Progress
from idis.resolver.client_admin import Administrator

_RUN_BYTES = 16
_DONE = str(int(ResponseCode.SUCCESS))


def register_batches(arguments: argparse.Namespace) -> int:
    """Register the file that `--batch` names; 0 when every line was done, 1 when some were refused."""
    file = Path(arguments.batch)
    if not file.is_file():
        raise CommandError(f"{file} is no file: --batch takes JSON lines, see 'idis register --help'")
    with _sender(arguments) as (sender, target):
        place = find_place(file, target, secrets.token_hex(_RUN_BYTES))
        begun = place.offset
        progress = Progress("octets", quiet=arguments.json)
        try:
            place = asyncio.run(register_file(file, place, sender, lambda at: _show(progress, at)))
        except BatchLost as error:
            raise CommandError(f"{error}; what is certain is kept: run the same command to go on", ExitCode.NETWORK) from None
        except BatchRefused as error:
            raise CommandError(str(error), ExitCode.REFUSED) from None
        finally:
            progress.finish()
    return _tell(arguments, file, place, begun)


@contextmanager
def _sender(arguments: argparse.Namespace) -> Iterator[tuple[Sender, str]]:
    """Who takes the batches, and the name under which the place is kept."""
    if arguments.server is not None:
        key = key_of(arguments)
        if key is None:
            raise CommandError("a batch needs an administrator: give --identity INDEX:IDENTIFIER and its --key FILE")
        yield WireSender(Administrator(arguments.server, key, tls=arguments.tls, ca=arguments.ca)), arguments.server
        return
    with opened(arguments) as store:
        yield LocalSender(store, tool(user_name())), str(data_directory(arguments).resolve())


def _show(progress: Progress, place: Place) -> None:
    progress.show("registering", place.offset, place.offset / place.size if place.size else 1.0)


def _tell(arguments: argparse.Namespace, file: Path, place: Place, begun: int) -> int:
    done = place.counts.get(_DONE, 0)
    refused = {code: count for code, count in sorted(place.counts.items()) if code != _DONE}
    if arguments.json:
        sheet = str(errors_path(file)) if refused else None
        print_json({"file": str(file), "done": done, "refused": refused, "errors": sheet, "resumed": begun > 0})
    else:
        print(f"{file.name}: {done:,} done" + (f" (taken up at octet {begun:,})" if begun else ""))
        for code, count in refused.items():
            print(f"  {count:,} {'no line of the form' if code == UNREAD else response_code_name(int(code))}")
        if refused:
            print(f"  each with its line and the reason in {errors_path(file)}")
    return ExitCode.REFUSED if refused else ExitCode.DONE
