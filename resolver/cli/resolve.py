"""`idis resolve`: ask for identifiers, as `dig` does for domain names."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from idis.proto.codes import OpFlag
from idis.proto.proof import Proof, Standing
from idis.proto.statement import stored_spelling
from idis.proto.succession import Following
from idis.proto.types.successor import SUCCESSOR_TYPE, encode_succession
from idis.proto.types.table import describe
from idis.proto.value import INDEX_MAX, TTL_ABSOLUTE, Value
from idis.resolver.cli.advice import advice
from idis.resolver.cli.asked_text import AskedText, asked_text
from idis.resolver.cli.key_options import add_key_options, key_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table
from idis.resolver.cli.shown import printable, shown_data
from idis.resolver.cli.verifying import (
    TYPES,
    Bundle,
    collect,
    covered,
    judge,
    load,
    only,
    proof_document,
    proof_line,
    root_keys,
    save,
    uncovered_lines,
)
from idis.resolver.client import DEFAULT_SERVER, Client, Transport
from idis.resolver.client_admin import Administrator
from idis.resolver.client_key import Key, KeyFileError
from idis.resolver.client_reply import ClientError, Explanation, Reply, UnreachableError
from idis.resolver.recursion.resolved import Hop

SERVER_VARIABLE = "IDIS_SERVER"
TIMEOUT_S = 2.0

_HOP_HEAD = ("hop", "server", "transport", "question", "code", "µs")
_SHOWN_FLAGS = {
    OpFlag.AUTHORITATIVE: "authoritative",
    OpFlag.RECURSIVE: "recursive",
    OpFlag.PUBLIC_ONLY: "public-only",
    OpFlag.STALE: "stale",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `idis resolve`."""
    line = "prefix/suffix, a prefix on its own, or an identifier of any other scheme, as scanned or pasted"
    parser.add_argument("identifiers", nargs="+", metavar="IDENTIFIER", help=line)
    parser.add_argument("--type", action="append", default=[], metavar="T", dest="types", help="only values of this type")
    parser.add_argument("--index", action="append", default=[], metavar="N", type=_index, dest="indexes", help="only this value")
    parser.add_argument(
        "--server",
        default=os.environ.get(SERVER_VARIABLE) or DEFAULT_SERVER,
        metavar="HOST:PORT",
        help=f"the node to ask, also https://HOST:PORT (default: ${SERVER_VARIABLE}, else {DEFAULT_SERVER})",
    )
    parser.add_argument("--tcp", action="store_true", help="ask over TCP only; otherwise UDP first")
    parser.add_argument("--tls", action="store_true", help="ask over TLS, on port 2642 unless given")
    parser.add_argument("--ca", metavar="FILE", help="certificates to trust, in PEM, in place of the system's")
    parser.add_argument("--json", action="store_true", help="one JSON object; an array for several identifiers")
    parser.add_argument("--explain", action="store_true", help="show who answered, from where, and every question on the way")
    parser.add_argument("--follow", action="store_true", help="follow HS_ALIAS, and successors of what has ended")
    parser.add_argument("--authoritative", action="store_true", help="ask the owner's primary, no cache")
    parser.add_argument(
        "--timeout", type=_seconds, default=TIMEOUT_S, metavar="S", help="seconds for each identifier (default: 2)"
    )
    parser.add_argument("--all", "--no-public-only", action="store_true", dest="all_values", help="ask for restricted values too")
    parser.add_argument("--verify", action="store_true", help="check the owner's signature, from a root key")
    parser.add_argument("--root-key", type=Path, metavar="FILE", help="public keys that are trusted, in PEM; $IDIS_ROOT_KEY")
    parser.add_argument("--save", type=Path, metavar="FILE", help="with --verify: keep the answer and what proves it")
    line = "with --verify: judge a kept answer, offline; with --index and --save, take values from it to be passed on"
    parser.add_argument("--from", type=Path, metavar="FILE", dest="saved", help=line)
    add_key_options(parser)
    parser.add_argument(
        "--through", action="store_true", help="the node asked is a recursive one: carry the identity on, in a pass for a minute"
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask, print, and tell the worst outcome by the exit code."""
    asked = [asked_text(text) for text in arguments.identifiers]
    if (arguments.save or arguments.saved) and not (arguments.verify and len(arguments.identifiers) == 1):
        raise CommandError("--save and --from go with --verify and one identifier")
    if arguments.saved:
        return _judge_saved(arguments)
    key = key_of(arguments)
    if key is None and arguments.through:
        raise CommandError("--through carries an identity on: give --identity and --key")
    if arguments.verify and not all(one.is_handle for one in asked):
        raise CommandError("--verify is about a handle, which its owner has signed: give the handle of the record")
    ask = _ask(arguments, asked, key) if key is None or arguments.through else _ask_as(key, arguments, asked)
    answers = asyncio.run(ask)
    proofs = _proofs(arguments, [answer.bundle for answer in answers])
    if arguments.json:
        documents = [
            _document(answer, proof) | ({} if proof is None else {"verification": proof_document(proof)})
            for answer, proof in zip(answers, proofs, strict=True)
        ]
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        _print(arguments, answers, proofs)
    failed = any(proof is not None and proof.standing is Standing.FAILED for proof in proofs)
    return max(ExitCode.REFUSED if failed else ExitCode.DONE, *(_exit_code(answer.reply) for answer in answers))


def _proofs(arguments: argparse.Namespace, bundles: Sequence[Bundle | None]) -> list[Proof | None]:
    """What each answer proves; None where there is none, or none is to be proved."""
    roots = root_keys(arguments.root_key) if arguments.verify else []
    if arguments.save and bundles[0] is not None:
        save(arguments.save, bundles[0])
    return [None if bundle is None else judge(bundle, roots) for bundle in bundles]


def _judge_saved(arguments: argparse.Namespace) -> int:
    """Judge an answer that was kept, without asking anybody."""
    bundle = load(arguments.saved)
    if stored_spelling(bundle.identifier) != stored_spelling(arguments.identifiers[0]):
        raise CommandError(f"{arguments.saved} holds an answer about {printable(bundle.identifier)}")
    if arguments.types:
        raise CommandError("--from takes values of a kept answer by --index: leave --type out")
    if arguments.indexes:
        bundle = only(bundle, arguments.indexes)
    if arguments.save:
        save(arguments.save, bundle)
    proof = judge(bundle, root_keys(arguments.root_key))
    values = covered(bundle.values, proof)
    if arguments.json:
        documents = [_value_document(value) for value in values]
        print_json({"identifier": bundle.identifier, "values": documents, "verification": proof_document(proof)})
    else:
        print(f"{printable(bundle.identifier)}  {printable(proof_line(proof))}")
        for line in uncovered_lines(bundle.values, proof):
            print(f"  {printable(line)}")
        if values:
            print_table(("index", "type", "ttl", "data"), [_row(value) for value in values])
    return ExitCode.REFUSED if proof.standing is Standing.FAILED else ExitCode.DONE


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one text: the reply, what proves it where that is wanted, and what was followed to get there."""

    asked: AskedText
    reply: Reply | ClientError
    bundle: Bundle | None = None
    following: Following = field(default_factory=Following)


async def _ask(arguments: argparse.Namespace, asked: Sequence[AskedText], key: Key | None) -> list[Answered]:
    complete = not arguments.types and not arguments.indexes
    types = arguments.types if complete or not arguments.verify else [*arguments.types, *TYPES]
    transport: Transport = "tcp" if arguments.tcp else "auto"
    try:
        client = Client(
            arguments.server, transport=transport, timeout_s=arguments.timeout, tls=arguments.tls, ca=arguments.ca
        )
    except UnreachableError as error:
        raise CommandError(f"{error}: write HOST:PORT, [ADDRESS]:PORT with an IPv6 address, or https://HOST:PORT") from None
    except ClientError as error:
        raise CommandError(str(error)) from None
    if arguments.follow and not complete:
        types = [*types, SUCCESSOR_TYPE]

    async def reply_to(spelling: str) -> Reply:
        return await client.resolve(
            spelling,
            types=types,
            indexes=arguments.indexes,
            public_only=not (arguments.all_values or (arguments.verify and key is not None)),
            authoritative=arguments.authoritative,
            follow_alias=arguments.follow,
            explain=arguments.explain,
            auth=_pass(key, spelling),
        )

    answers = []
    async with client:
        for one in asked:
            following = Following()
            try:
                reply = await reply_to(one.spelling)
                at = one.text
                while (successor := following.next(at, reply.values)) and arguments.follow:
                    reply, at = await reply_to(asked_text(successor).spelling), successor
            except ClientError as error:
                answers.append(Answered(one, error, following=following))
            else:
                known = key is not None
                bundle = await collect(client, reply, complete=complete, known=known) if arguments.verify else None
                answers.append(Answered(one, reply, bundle, following))
    return answers


def _pass(key: Key | None, identifier: str) -> bytes:
    try:
        return b"" if key is None else key.make_pass(identifier, int(time.time()))
    except KeyFileError as error:
        raise CommandError(str(error)) from None


async def _ask_as(key: Key, arguments: argparse.Namespace, asked: Sequence[AskedText]) -> list[Answered]:
    """Ask as somebody, who sees what only some may."""
    answers = []
    complete = not arguments.types and not arguments.indexes
    types = arguments.types if complete or not arguments.verify else [*arguments.types, *TYPES]
    try:
        client = Administrator(arguments.server, key, timeout_s=arguments.timeout, tls=arguments.tls, ca=arguments.ca)
        others = Client(arguments.server, timeout_s=arguments.timeout, tls=arguments.tls, ca=arguments.ca)
    except ClientError as error:
        raise CommandError(f"{error}: a key is proved over the binary port, HOST:PORT") from None
    async with client, others:
        for one in asked:
            try:
                reply = await client.resolve(one.spelling, types=types, indexes=arguments.indexes)
            except ClientError as error:
                answers.append(Answered(one, error))
            else:
                # Delegations are public, and asked for without the key.
                bundle = await collect(others, reply, complete=complete, known=True) if arguments.verify else None
                answers.append(Answered(one, reply, bundle))
    return answers


def _exit_code(reply: Reply | ClientError) -> ExitCode:
    if isinstance(reply, ClientError):
        return ExitCode.NETWORK
    return ExitCode.DONE if reply.found else ExitCode.REFUSED


# For people


def _print(arguments: argparse.Namespace, answers: Sequence[Answered], proofs: Sequence[Proof | None]) -> None:
    for position, (answer, proof) in enumerate(zip(answers, proofs, strict=True)):
        if position:
            print()
        text, reply = printable(answer.asked.text), answer.reply
        if isinstance(reply, ClientError):
            print(f"{text}  no answer: {reply}")
            print(f"  {advice(text, 0, filtered=False)}")
            continue
        print(_headline(text, reply))
        if not answer.asked.is_handle:
            print(f"  read as {answer.asked.scheme} {printable(answer.asked.canonical)}")
        for line in _way(answer.following, arguments.follow):
            print(f"  {printable(line)}")
        if proof is not None:
            print(f"  {printable(proof_line(proof))}")
        if reply.message:
            print(f"  {printable(reply.message)}")
        if not reply.found and (line := _advice(answer.asked, reply, filtered=bool(arguments.types or arguments.indexes))):
            print(f"  {line}")
        for line in [] if proof is None else uncovered_lines(reply.values, proof):
            print(f"  {printable(line)}")
        if shown := covered(reply.values, proof):
            print_table(("index", "type", "ttl", "data"), [_row(value) for value in shown])
        if arguments.explain:
            _print_explanation(reply)


def _advice(asked: AskedText, reply: Reply, *, filtered: bool) -> str:
    if reply.message and not asked.is_handle:
        return ""  # the node has told all there is to know
    return advice(asked.text, reply.code, filtered=filtered, is_handle=asked.is_handle)


def _way(following: Following, follows: bool) -> list[str]:
    """What became of an identifier that ended, and of those that were followed."""
    lines = []
    for name, end in following.steps:
        to = f" by {', '.join(end.successors)}" if end.successors else ""
        lines.append(f"{name} was {end.kind.value} on {end.date}{to}{f': {end.note}' if end.note else ''}")
    if following.ended:
        lines.append(following.ended)
    elif following.steps and not follows:
        lines.append("--follow goes on to what stands in its place")
    return lines


def _headline(text: str, reply: Reply) -> str:
    parts = [text, f"{reply.code_name} ({reply.code})"]
    if flags := _flags(reply):
        parts.append(" ".join(flags))
    parts += [f"{reply.server} {reply.transport}", f"{round(reply.seconds * 1e6)} µs"]
    return "  ".join(parts)


def _row(value: Value) -> tuple[int, str, str, str]:
    ttl = f"until {value.ttl}" if value.ttl_type == TTL_ABSOLUTE else f"{value.ttl} s"
    return value.index, value.type, ttl, shown_data(value)


def _print_explanation(reply: Reply) -> None:
    print()
    explanation = reply.explanation
    if explanation is None:
        print("the node gives no explanation")
    else:
        print(f"answered by {explanation.node}, source {explanation.source}, {_age(explanation)}")
        if explanation.hops:
            print_table(_HOP_HEAD, _hop_rows(explanation.hops))
    if len(reply.hops) > 1 or explanation is None:
        print("asked by this client:")
        print_table(_HOP_HEAD, _hop_rows(reply.hops))


def _age(explanation: Explanation) -> str:
    return f"{explanation.age_s:.1f} s old" if explanation.source in ("cache", "stale") else "fresh"


def _hop_rows(hops: Sequence[Hop]) -> list[tuple[object, ...]]:
    return [
        (number, hop.server, hop.transport, hop.question, hop.response_code or "no answer", hop.micros)
        for number, hop in enumerate(hops, 1)
    ]


def _flags(reply: Reply) -> list[str]:
    return [name for flag, name in _SHOWN_FLAGS.items() if reply.flags & flag]


# For programs


def _document(answer: Answered, proof: Proof | None) -> dict[str, object]:
    asked, reply = answer.asked, answer.reply
    if isinstance(reply, ClientError):
        return {"identifier": asked.text, "code": 0, "error": str(reply)}
    document: dict[str, object] = {
        "identifier": asked.text,
        "code": reply.code,
        "codeName": reply.code_name,
        "flags": _flags(reply),
        "server": reply.server,
        "transport": reply.transport,
        "microseconds": round(reply.seconds * 1e6),
        "values": [_value_document(value) for value in covered(reply.values, proof)],
        "hops": [_hop_document(hop) for hop in reply.hops],
    }
    if reply.message:
        document["message"] = reply.message
    if not asked.is_handle:
        document["reading"] = {"scheme": asked.scheme, "canonical": asked.canonical}
    if answer.following.steps:
        document["succession"] = [
            {"identifier": name, **json.loads(encode_succession(end))} for name, end in answer.following.steps
        ]
    if (explanation := reply.explanation) is not None:
        document["explanation"] = {
            "node": explanation.node,
            "source": explanation.source,
            "ageSeconds": explanation.age_s,
            "hops": [_hop_document(hop) for hop in explanation.hops],
        }
    return document


def _value_document(value: Value) -> dict[str, object]:
    return {
        "index": value.index,
        "type": value.type,
        "data": describe(value.type, value.data),
        "ttl": value.ttl,
        "ttlAbsolute": value.ttl_type == TTL_ABSOLUTE,
        "timestamp": value.timestamp,
        "permissions": f"{value.permissions:04b}",
    }


def _hop_document(hop: Hop) -> dict[str, object]:
    return {
        "server": hop.server,
        "transport": hop.transport,
        "question": hop.question,
        "code": hop.response_code,
        "microseconds": hop.micros,
    }


# Arguments


def _index(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= INDEX_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no index; indexes are 1 to {INDEX_MAX}")
    return number


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds up to 3600")
    return seconds
