"""The lab as a user starts it: a process of its own, real sockets, a map, a clean end."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from idis.proto.dns.message import decode_response, encode_query
from idis.proto.dns.naming import name_of
from idis.proto.identifier import parse_identifier
from idis.resolver.client_reply import Reply
from idis.resolver.lab.plan import DNS_OFFSET, HTTP_OFFSET
from idis.resolver.lab.story_tour import RECALLED
from idis.resolver.operator_key import read_operator_key
from idis.resolver.sync import Client

START_S_MAX = 60  # two slow cores that run other tests beside it
NODES = 14


class Lab(NamedTuple):
    """A running lab: its process, its map, the folder it keeps its nodes in."""

    process: subprocess.Popen[str]
    tree: dict[str, Any]
    folder: Path


def _free_base() -> int:
    """A port with room above it, below those the kernel lends to clients: a busy machine has clients everywhere there."""
    for _ in range(20):
        base = random.randrange(15_000, 31_000)
        if all(_free(base + offset + number) for offset in (0, HTTP_OFFSET, DNS_OFFSET) for number in range(NODES)):
            return base
    pytest.skip("no row of free ports")


def _free(port: int) -> bool:
    """Whether neither UDP nor TCP uses it."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def _recursive(lab: Lab) -> str:
    return f"{lab.tree['recursive']['host']}:{lab.tree['recursive']['port']}"


def _idis(*words: str, own_session: bool = False) -> subprocess.Popen[str]:
    program = "import sys; from idis.resolver.cli.main import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=own_session,
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running lab, its map, and the folder it keeps its nodes in."""
    folder = tmp_path_factory.mktemp("lab")
    path = folder / "map.json"
    process = _idis("lab", "--base-port", str(_free_base()), "--map", str(path), "--dir", str(folder / "nodes"))
    deadline = time.monotonic() + START_S_MAX
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if not path.exists():
        process.kill()
        pytest.fail("the lab did not start: " + (process.communicate()[0] or ""))
    yield Lab(process, json.loads(path.read_text()), folder / "nodes")
    process.terminate()
    process.communicate(timeout=30)


def test_every_sample_of_the_map_resolves(lab: Lab) -> None:
    """The map names at least 20 identifiers a pilot, and the recursive node answers each."""
    samples = lab.tree["samples"]
    with Client(_recursive(lab)) as client:
        replies = {pilot: client.resolve_many(names) for pilot, names in samples.items()}
    codes = {pilot: {reply.code for reply in group if isinstance(reply, Reply)} for pilot, group in replies.items()}

    assert codes == {pilot: {1} for pilot in ("ship", "automotive", "chemical", "nuclear")}
    assert all(len(names) >= 20 for names in samples.values())


def test_every_node_is_ready_and_has_its_own_store(lab: Lab) -> None:
    """Each node of the map says it is ready on its HTTP port, and its data directory is a store."""
    nodes = lab.tree["nodes"]
    for node in nodes:
        host = f"[{node['host']}]" if ":" in node["host"] else node["host"]
        with urllib.request.urlopen(f"http://{host}:{node['http_port']}/readyz", timeout=5) as response:
            assert response.status == 200
        assert (Path(node["data_dir"]) / "CURRENT").exists()

    assert len({node["data_dir"] for node in nodes}) == len(nodes)
    assert {path.name for path in lab.folder.iterdir()} == {node["name"] for node in nodes} | {"keys"}


def test_an_enterprise_without_servers_has_a_key_of_its_own(lab: Lab) -> None:
    """Its administrator's private half is a file of the lab, the public one stands in the record of its prefix."""
    key = read_operator_key(lab.folder / "keys" / "88.120.7.pem")
    with Client(_recursive(lab)) as client:
        reply = client.resolve("0.NA/88.120.7", types=["HS_PUBKEY"])

    assert [(value.index, value.data) for value in reply.values] == [(300, key.public)]


def test_the_line_it_shows_recalls_over_several_nodes(lab: Lab) -> None:
    """The operator of an enterprise proves himself at the nodes of others, by the key that his parent took in."""
    recursive = lab.tree["recursive"]
    key = lab.folder / "enterprise-120-6" / "operator.pem"
    server = f"http://{recursive['host']}:{recursive['http_port']}"
    asked = _idis("trace", "recall", RECALLED, "--server", server, "--identity", "300:0.NA/88.120.6", "--key", str(key))
    output, _ = asked.communicate(timeout=30)

    assert asked.returncode == 0, output
    assert "to be told: 88.120.7" in output
    assert "\ncomplete\n" in output


def test_dns_answers_from_the_whole_tree(lab: Lab) -> None:
    """The recursive node asks the enterprise for what a DNS client asks it; the zone is the lab's."""
    identifier = lab.tree["samples"]["ship"][0]
    question = encode_query(7, name_of(parse_identifier(identifier), (b"id", b"lab")), 16, udp_bytes=1_232)
    recursive = lab.tree["recursive"]
    with socket.socket(type=socket.SOCK_DGRAM) as asker:
        asker.settimeout(5)
        asker.sendto(question, (recursive["host"], recursive["dns_port"]))
        response = decode_response(asker.recv(4_096))

    assert (response.id, response.code) == (7, 0)
    assert response.answers or response.truncated


def test_a_record_registered_beside_a_running_node_is_answered_at_once(
    lab: Lab,
) -> None:
    """`idis register` on the enterprise's directory, then the recursive node's answer."""
    directory = next(node["data_dir"] for node in lab.tree["nodes"] if "88.118.8" in node["prefixes"])
    registered = _idis("register", "88.118.8/NEW-1", "--value", "1:URL=https://example.com/new", "--data", directory)
    assert registered.wait(timeout=30) == 0, registered.communicate()[0]

    with Client(_recursive(lab)) as client:
        assert client.resolve("88.118.8/NEW-1").values[0].data == b"https://example.com/new"


def test_a_second_lab_on_the_same_ports_says_which_port_is_taken(lab: Lab) -> None:
    """One sentence with the port and the way out; the running lab is unharmed."""
    port = lab.tree["nodes"][0]["port"]
    second = _idis("lab", "--base-port", str(port))
    output, _ = second.communicate(timeout=60)

    assert second.returncode == 2
    assert f"port {port}" in output
    assert "--base-port" in output
    assert lab.process.poll() is None


def test_the_guided_tour_finds_every_answer_right() -> None:
    """`idis lab --smoke` exits 0 and leaves nothing running or lying about."""
    process = _idis("lab", "--smoke", "--base-port", str(_free_base()))
    output, _ = process.communicate(timeout=100)
    folder = Path(output.split(" nodes in ")[1].split(" ")[0])

    assert process.returncode == 0, output
    assert "every answer as expected" in output
    assert not folder.exists()


def test_an_interrupted_lab_ends_cleanly() -> None:
    """Ctrl-C ends every node: the exit code is 0, the ports are free again, the folder is gone."""
    base = _free_base()
    process = _idis("lab", "--base-port", str(base), own_session=True)
    output = ""
    assert process.stdout is not None
    while "Ctrl-C" not in output:
        line = process.stdout.readline()
        assert line, output
        output += line
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=30)

    assert process.returncode == 0, output + rest
    assert all(_free(base + gap) for gap in range(NODES))
    assert not Path(output.split(" nodes in ")[1].split(" ")[0]).exists()


def test_the_lab_goes_on_without_a_node_that_was_killed() -> None:
    """It used to stop every node; now it says how to have the dead one back, as an operator would."""
    process = _idis("lab", "--base-port", str(_free_base()), own_session=True)
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    folder = Path(next(lines).split(" nodes in ")[1].split(" ")[0])
    assert any("Ctrl-C" in line for line in lines)
    os.kill(int((folder / "enterprise-120-5" / "node.lock").read_text()), signal.SIGKILL)
    told = next(lines)
    alive = process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)

    assert told.startswith("enterprise-120-5 has ended, the others go on; to have it back: ")
    assert (alive, process.returncode) == (True, 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--dir", "FILE"), "cannot be used for the nodes"),
        (("--map", "FILE/map.json"), "the map cannot be written"),
        (("--map", "/dev/null"), "is no file"),
        (("--base-port", "x"), "'x' is no base port: 1024 to"),
    ],
)
def test_a_wrong_place_is_told_before_anything_is_built(words: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    """One sentence at once, not a trace, and not after all nodes were made."""
    (tmp_path / "file").write_text("here")
    process = _idis("lab", *(word.replace("FILE", str(tmp_path / "file")) for word in words))
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2
    assert sentence in output
    assert output.count("\n") == 1
