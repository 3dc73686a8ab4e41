"""`idis init DIR`: make the data directory of one node."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from idis.proto.identifier import fold, prefix_handle
from idis.registry.identity import Identity
from idis.registry.prefix import ROOT_PREFIX
from idis.registry.registration.checks import Organisation
from idis.resolver.admin.server_key import PUBLIC_FILE
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.config import (
    CONFIG_FILE,
    DEFAULT_HTTP_PORT,
    DEFAULT_PORT,
    DEVELOPMENT_CERTIFICATE,
    DEVELOPMENT_KEY,
    ListenSection,
    NodeConfig,
    NodeSection,
    RecursionSection,
    Tier,
    TlsSection,
)
from idis.resolver.creation import FirstOperator, create_node
from idis.resolver.operator_key import OPERATOR_KEY_FILE, OPERATOR_PUBLIC_FILE, make_operator_key, read_operator_key
from idis.resolver.recursion.target import peer_name

PORT_MAX = 65_535


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="the directory to make")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the same, as other commands name it")
    parser.add_argument("--tier", required=True, choices=[tier.value for tier in Tier], help="which node of the tree this is")
    parser.add_argument("--name", required=True, help="the node's name")
    parser.add_argument("--prefix", action="append", default=[], metavar="PREFIX", help="answers for this prefix; repeatable")
    parser.add_argument("--owner", default="", help="who owns the prefix; the node's name by default")
    parser.add_argument("--owner-code", default="", help="the owner's unified social credit code 统一社会信用代码")
    parser.add_argument("--host", action="append", default=[], metavar="ADDRESS", help="address to listen on; repeatable")
    parser.add_argument("--advertise", default="", metavar="ADDRESS", help="address others reach it at, if not the first host")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, metavar="N", help=f"binary port, {DEFAULT_PORT} by default")
    parser.add_argument(
        "--http-port", type=_port, default=DEFAULT_HTTP_PORT, metavar="N", help=f"HTTP port, {DEFAULT_HTTP_PORT} by default"
    )
    parser.add_argument("--tls-port", type=_port, metavar="N", help="binary port over TLS, the next free one by default")
    parser.add_argument("--no-tls", action="store_true", help="make no development certificate: no HTTPS, no TLS port")
    line = "one process that answers, one that writes: for two cores, where much is written"
    parser.add_argument("--keeper", action="store_true", help=line)
    parser.add_argument("--root", action="append", default=[], metavar="ADDRESS:PORT", help="root node to ask; makes it recurse")
    parser.add_argument(
        "--operator-key",
        type=Path,
        metavar="FILE",
        help=f"the first operator's private key: used when the file exists, else made there; default: DIR/{OPERATOR_KEY_FILE}",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Make it, and say how to go on."""
    directory = arguments.directory or arguments.data
    if directory is None:
        raise CommandError("name the directory to make: idis init DIR --tier TIER --name NAME")
    config = node_config(arguments, directory)
    owner = Organisation(arguments.owner or arguments.name, arguments.owner_code)
    operator = first_operator(arguments.operator_key, directory)
    identity = create_node(directory, config, owner=owner, operator=operator)
    assert identity is not None, "a node made here has an operator"
    key = arguments.operator_key or directory / OPERATOR_KEY_FILE
    if arguments.json:
        print_json(
            {
                "directory": str(directory),
                "name": config.node.name,
                "prefixes": list(config.node.prefixes),
                "operator": str(identity),
                "operator_key": str(key),
                "operator_public_key": str(directory / OPERATOR_PUBLIC_FILE),
                "server_public_key": str(directory / PUBLIC_FILE),
            }
        )
        return ExitCode.DONE
    print(f"{directory / CONFIG_FILE} written; start the node with: idis serve {directory}")
    made = "made once and kept nowhere else: take a copy to a safe place" if operator.path else "used as it is"
    print(f"operator {identity}: the private key is {key}, {made}")
    print(f"programs act by tokens: idis token create --data {directory} --identity '{identity}' --label NAME")
    print(f"other people by roles:  idis role grant --data {directory} IDENTITY auditor")
    for line in delegation_lines(config, identity):
        print(line)
    return ExitCode.DONE


def delegation_lines(config: NodeConfig, operator: Identity | None) -> list[str]:
    """What the parent's operator is sent and does, where there is a parent."""
    prefixes = [prefix for prefix in config.node.prefixes if fold(prefix) != ROOT_PREFIX]
    if not prefixes:
        return []
    place = f"--to {peer_name(config.advertised, config.listen.port)} --http {config.listen.http_port}"
    lines = [
        "other nodes find this one, and know its operator, once the parent's operator was sent two public keys,",
        f"{config.data_dir / OPERATOR_PUBLIC_FILE} and {config.data_dir / PUBLIC_FILE}, and has run:",
    ]
    for prefix in prefixes:
        own = operator is not None and operator.identifier == prefix_handle(fold(prefix))
        key = f" --admin-key {OPERATOR_PUBLIC_FILE}" if own else ""
        lines.append(f"  idis prefix delegate {prefix} --data PARENT {place}{key} --server-key {PUBLIC_FILE}")
    return lines


def first_operator(file: Path | None, directory: Path) -> FirstOperator:
    """The key of a file that exists; else a new one, for that file or for one in the directory."""
    if file is not None and file.exists():
        return FirstOperator(read_operator_key(file))
    return FirstOperator(make_operator_key(), file or directory / OPERATOR_KEY_FILE)


def node_config(arguments: argparse.Namespace, directory: Path) -> NodeConfig:
    """The configuration the arguments describe."""
    tier = Tier(arguments.tier)
    prefixes = tuple(arguments.prefix) or ((ROOT_PREFIX,) if tier is Tier.ROOT else ())
    listen = ListenSection(port=arguments.port, http_port=arguments.http_port, advertise=arguments.advertise)
    if arguments.host:
        listen = replace(listen, hosts=tuple(arguments.host))
    return NodeConfig(
        data_dir=directory,
        node=NodeSection(arguments.name, tier, prefixes, keeper=arguments.keeper),
        listen=listen,
        tls=TlsSection() if arguments.no_tls else _tls(arguments),
        recursion=RecursionSection(enabled=bool(arguments.root) or tier is Tier.RECURSIVE, roots=tuple(arguments.root)),
    )


def _tls(arguments: argparse.Namespace) -> TlsSection:
    """With the development certificate, on a free port of its own so that nodes of one machine do not meet."""
    ports = (*range(arguments.port + 1, PORT_MAX + 1), *range(1, arguments.port))
    port = arguments.tls_port or next(port for port in ports if port != arguments.http_port)
    return TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port)


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < port <= PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; ports are 1 to {PORT_MAX}")
    return port
