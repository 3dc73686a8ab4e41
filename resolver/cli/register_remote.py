"""`idis register --server HOST:PORT`: the same over the network, on any node that speaks the protocol."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from idis.proto.batch import BatchItem, BatchReply, BatchRequest, ItemResult, Verb, payload_of_indexes
from idis.proto.codes import ResponseCode, response_code_name
from idis.proto.value import Value
from idis.registry.registration import acts
from idis.resolver.cli.key_options import add_key_options, key_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.client_admin import Administrator, AdminReply
from idis.resolver.client_reply import ClientError

_TRIES: dict[int, str] = {
    ResponseCode.HANDLE_ALREADY_EXISTS: "--replace, --add or --modify",
    ResponseCode.VALUE_ALREADY_EXISTS: "--modify",
    ResponseCode.VALUES_NOT_FOUND: "--add",
    ResponseCode.AUTHENTICATION_NEEDED: "--identity with --key or --secret",
}


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Where to, and who asks."""
    parser.add_argument("--server", metavar="HOST:PORT", help="register on this node over the network, not in a data directory")
    parser.add_argument("--tls", action="store_true", help="over TLS, on port 2642 unless given")
    parser.add_argument("--ca", metavar="FILE", help="certificates to trust, in PEM, in place of the system's")
    add_key_options(parser)


def register_there(arguments: argparse.Namespace, values: Sequence[Value]) -> int:
    """Have a node do what the arguments say."""
    try:
        reply = asyncio.run(_register(arguments, values))
    except ClientError as error:
        raise CommandError(str(error), ExitCode.NETWORK) from None
    name = reply.identifier or arguments.identifier
    if arguments.json:
        shown = {"identifier": name, "code": reply.code, "overwritten": reply.overwritten, "deleted": arguments.delete}
        print_json(shown if reply.done else shown | {"message": reply.message})
    elif reply.done:
        changed = arguments.add or arguments.modify or arguments.remove
        word = "deleted" if arguments.delete else "changed" if changed else "replaced" if reply.overwritten else "registered"
        print(f"{name}: {word}")
    if reply.done:
        return ExitCode.DONE
    if arguments.json:
        return ExitCode.REFUSED
    advised = f" ({_TRIES[reply.code]})" if reply.code in _TRIES else ""
    raise CommandError(f"{reply.code_name}: {reply.message}{advised}", ExitCode.REFUSED)


def switch_there(arguments: argparse.Namespace, verb: Verb, indexes: Sequence[int]) -> acts.Done:
    """Have a node disable or enable a record, or some of its values. Raises CommandError."""
    if key_of(arguments) is None:
        raise CommandError(f"who asks? Give {_TRIES[ResponseCode.AUTHENTICATION_NEEDED]}")
    item = BatchItem(verb, arguments.identifier, payload_of_indexes(indexes))
    try:
        result = asyncio.run(_switch(arguments, BatchRequest((item,))))
    except ClientError as error:
        raise CommandError(str(error), ExitCode.NETWORK) from None
    if result.code != ResponseCode.SUCCESS:
        advised = f" ({_TRIES[result.code]})" if result.code in _TRIES else ""
        raise CommandError(f"{response_code_name(result.code)}: {result.message}{advised}", ExitCode.REFUSED)
    return acts.Done(arguments.identifier, result.version)


async def _switch(arguments: argparse.Namespace, batch: BatchRequest) -> ItemResult:
    async with Administrator(arguments.server, key_of(arguments), tls=arguments.tls, ca=arguments.ca) as admin:
        logged_in = await admin.login()
        reply = await admin.batch(batch) if logged_in.done else logged_in
    if isinstance(reply, BatchReply):
        return reply.results[0]
    return ItemResult(reply.code, arguments.identifier, message=reply.message)


async def _register(arguments: argparse.Namespace, values: Sequence[Value]) -> AdminReply:
    name = arguments.identifier
    async with Administrator(arguments.server, key_of(arguments), tls=arguments.tls, ca=arguments.ca) as admin:
        if arguments.delete:
            return await admin.delete(name)
        if arguments.remove:
            return await admin.remove(name, arguments.remove)
        if arguments.add:
            return await admin.add(name, values)
        if arguments.modify:
            return await admin.modify(name, values)
        return await admin.create(name, values, overwrite=arguments.replace)
