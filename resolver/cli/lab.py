"""`idis lab`: a whole national tree on this machine, with the pilots' sample data; `--smoke` takes the guided tour."""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idis.proto.dns.name import name_from_text, name_text
from idis.proto.dns.naming import name_of
from idis.proto.errors import IdisError
from idis.proto.identifier import parse_identifier, prefix_handle
from idis.resolver.cli.output import CommandError, ExitCode, print_table
from idis.resolver.config import Tier
from idis.resolver.lab.build import SampleSet, build_nodes, make_samples
from idis.resolver.lab.plan import BASE_PORT, DNS_OFFSET, DNS_ZONE, NODES_MAX, LabNode, Plan, make_plan, owner_key_of
from idis.resolver.lab.processes import POLL_S, Ended, Processes, ended_by_signals, ipv6_works, refuse_taken_ports
from idis.resolver.lab.story_tour import RECALLED
from idis.resolver.lab.tour import take_tour

PORT_MAX = 65_535 - DNS_OFFSET - NODES_MAX

TIER_WORDS = {
    Tier.NATIONAL: "national 国家顶级",
    Tier.SECONDARY: "secondary 二级",
    Tier.ENTERPRISE: "enterprise 企业",
    Tier.RECURSIVE: "recursive 递归",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--smoke", action="store_true", help="take the guided tour, fail on any wrong answer, and exit")
    parser.add_argument(
        "--base-port", type=_port, default=BASE_PORT, metavar="N", help="first port; HTTP is 100 higher, DNS 200 (%(default)s)"
    )
    parser.add_argument(
        "--map", type=Path, metavar="FILE", help="write the tree and sample identifiers as JSON once everything answers"
    )
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="keep the nodes' data here; without it a temporary folder, removed at the end"
    )


def run(arguments: argparse.Namespace) -> int:
    """Build the tree, start it, show it or walk through it, stop it."""
    started = time.monotonic()
    if arguments.map is not None:
        _refuse_place(arguments.map)
    # The signals outermost: one that comes while the folder is removed must not leave half of it behind.
    with ended_by_signals() as ended, _folder(arguments.dir) as folder:
        try:
            return _lab(arguments, folder, ended, started)
        except IdisError:
            if ended():
                raise KeyboardInterrupt from None  # the nodes got the signal too, and failed because of it
            raise


def _lab(arguments: argparse.Namespace, folder: Path, ended: Ended, started: float) -> int:
    plan = make_plan(folder, base_port=arguments.base_port, ipv6=ipv6_works())
    refuse_taken_ports(plan.nodes)
    print(f"building {len(plan.nodes)} nodes in {folder} …", flush=True)
    samples = make_samples(int(time.time()))
    counts = build_nodes(plan, samples, ended)
    gc.collect()
    processes = Processes()
    processes.start(plan)
    try:
        print(f"{len(plan.nodes)} nodes answer after {time.monotonic() - started:.1f} s\n", flush=True)
        if arguments.map is not None:
            _write_map(arguments.map, plan, samples)
        if arguments.smoke:
            return take_tour(plan, samples)
        _show(plan, counts, samples)
        return _stay(processes, plan, ended)
    finally:
        processes.stop()


def _stay(processes: Processes, plan: Plan, ended: Ended) -> int:
    """Until a signal comes. A node that dies is told once: the others go on, as they would without it."""
    dead: set[str] = set()
    while not ended():
        for name in processes.dead() - dead:
            dead.add(name)
            directory = next(node.directory for node in plan.nodes if node.name == name)
            print(f"{name} has ended, the others go on; to have it back: {_program()} serve {directory}", flush=True)
        if len(dead) == len(plan.nodes):
            raise CommandError("every node has ended", ExitCode.REFUSED)
        time.sleep(POLL_S * 10)
    print("\nstopping …", flush=True)
    return ExitCode.DONE


def _show(plan: Plan, counts: dict[str, int], samples: SampleSet) -> None:
    rows = [
        (
            "  " * _depth(node) + node.name,
            TIER_WORDS[node.tier],
            " ".join(node.homed) + "".join(f" +{prefix}" for prefix in node.hosted),
            node.address,
            node.http_port,
            node.dns_port or "",
            counts[node.name] or "",
        )
        for node in sorted(plan.nodes, key=lambda node: (node.tier is Tier.RECURSIVE, node.homed))
    ]
    print_table(("node", "tier", "prefixes (+hosted)", "UDP and TCP", "HTTP", "DNS", "records"), rows)
    recursive, one = plan.recursive, samples.identifiers["ship"][0]
    yard = plan.holder("88.118.8")
    maker = RECALLED.partition("/")[0]
    idis = _program()
    name = name_text(name_of(parse_identifier(one), name_from_text(DNS_ZONE)))
    print(f"""
Try next, in another terminal:
  {idis} resolve {one} --server {recursive.address} --explain
  curl 'http://{recursive.host}:{recursive.http_port}/api/handles/{one}?pretty'
  kdig @{recursive.host} -p {recursive.dns_port} {name} TXT
  {idis} register {yard.homed[0]}/MY-FIRST --value 1:URL=https://example.com/1 --data {yard.directory}
  {idis} trace recall {RECALLED} --server http://{recursive.host}:{recursive.http_port} \\
      --identity 300:{prefix_handle(maker)} --key {owner_key_of(plan, maker)}
Ctrl-C stops every node.""", flush=True)


def _program() -> str:
    """This command as the reader started it: '.venv/bin/idis' works where 'idis' is not on the path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "idis" else "idis"


def _depth(node: LabNode) -> int:
    return {Tier.NATIONAL: 0, Tier.SECONDARY: 1, Tier.ENTERPRISE: 2}.get(node.tier, 0)


def _write_map(path: Path, plan: Plan, samples: SampleSet) -> None:
    recursive = plan.recursive
    tree = {
        "nodes": [
            {
                "name": node.name,
                "tier": node.tier.value,
                "prefixes": list(node.prefixes),
                "host": node.host,
                "port": node.port,
                "http_port": node.http_port,
                "dns_port": node.dns_port,
                "data_dir": str(node.directory),
            }
            for node in plan.nodes
        ],
        "recursive": {
            "host": recursive.host,
            "port": recursive.port,
            "http_port": recursive.http_port,
            "dns_port": recursive.dns_port,
        },
        "samples": samples.identifiers,
    }
    text = json.dumps(tree, ensure_ascii=False, indent=2) + "\n"
    # Written beside and renamed: whoever waits for the file never reads half of it.
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise CommandError(f"the map cannot be written to {path}: {error.strerror}") from None


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is None:
        folder = Path(tempfile.mkdtemp(prefix="idis-lab-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        filled = any(wanted.iterdir())
    except OSError as error:
        raise CommandError(f"{wanted} cannot be used for the nodes ({error.strerror}): name another folder with --dir") from None
    if filled:
        raise CommandError(f"{wanted} is not empty: choose another folder, or remove it first")
    yield wanted.resolve()


def _refuse_place(path: Path) -> None:
    """Find out before anything is built that the map cannot be written there."""
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise CommandError(f"--map {path} is no file: name a file, it is made or replaced")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise CommandError(f"the map cannot be written to {path}: there is no such folder, or it may not be written")


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 1024 <= port <= PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no base port: 1024 to {PORT_MAX}")
    return port
