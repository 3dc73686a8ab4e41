"""The lab as a user starts it: a process of its own, real sockets, a map, a clean end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from idis.proto.dns.message import decode_response, encode_query
from idis.proto.dns.naming import name_of
from idis.proto.identifier import parse_identifier
from idis.resolver.cli.main import main
from idis.resolver.client_reply import Reply
from idis.resolver.lab.plan import DNS_OFFSET, HTTP_OFFSET
from idis.resolver.lab.story_tour import RECALLED
from idis.resolver.operator_key import read_operator_key
from idis.resolver.sync import Client
from tests.ports import free_base, is_free
from tests.waiting import WAIT_S_MAX, until_seen

NODES = 14
TOUR_S_MAX = 110.0  # seventy stops at fourteen nodes; just before pytest's own bound


class Lab(NamedTuple):
    """A running lab: its process, its map, the folder it keeps its nodes in."""

    process: subprocess.Popen[str]
    tree: dict[str, Any]
    folder: Path


def _free_base() -> int:
    """Where a lab finds all its ports free."""
    return free_base(offset + number for offset in (0, HTTP_OFFSET, DNS_OFFSET) for number in range(NODES))


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
    until_seen(lambda: path.exists() or process.poll() is not None)
    if not path.exists():
        process.kill()
        pytest.fail("the lab did not start: " + (process.communicate()[0] or ""))
    yield Lab(process, json.loads(path.read_text()), folder / "nodes")
    process.terminate()
    process.communicate(timeout=WAIT_S_MAX)


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
        with urllib.request.urlopen(f"http://{host}:{node['http_port']}/readyz", timeout=WAIT_S_MAX) as response:
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
    output, _ = asked.communicate(timeout=WAIT_S_MAX)

    assert asked.returncode == 0, output
    assert "to be told: 88.120.7" in output
    assert "\ncomplete\n" in output


def test_dns_answers_from_the_whole_tree(lab: Lab) -> None:
    """The recursive node asks the enterprise for what a DNS client asks it; the zone is the lab's."""
    identifier = lab.tree["samples"]["ship"][0]
    question = encode_query(7, name_of(parse_identifier(identifier), (b"id", b"lab")), 16, udp_bytes=1_232)
    recursive = lab.tree["recursive"]
    with socket.socket(type=socket.SOCK_DGRAM) as asker:
        asker.settimeout(WAIT_S_MAX)
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
    assert registered.wait(timeout=WAIT_S_MAX) == 0, registered.communicate()[0]

    with Client(_recursive(lab)) as client:
        assert client.resolve("88.118.8/NEW-1").values[0].data == b"https://example.com/new"


def test_a_second_lab_on_the_same_ports_says_which_port_is_taken(lab: Lab) -> None:
    """One sentence with the port and the way out; the running lab is unharmed."""
    port = lab.tree["nodes"][0]["port"]
    second = _idis("lab", "--base-port", str(port))
    output, _ = second.communicate(timeout=WAIT_S_MAX)

    assert second.returncode == 2
    assert f"port {port}" in output
    assert "--base-port" in output
    assert lab.process.poll() is None


def test_the_guided_tour_finds_every_answer_right() -> None:
    """`idis lab --smoke` exits 0 and leaves nothing running or lying about."""
    process = _idis("lab", "--smoke", "--base-port", str(_free_base()))
    output, _ = process.communicate(timeout=TOUR_S_MAX)
    folder = Path(output.split(" nodes in ")[1].split(" ")[0])

    assert process.returncode == 0, output
    assert "every answer as expected" in output
    assert not folder.exists()


class Passing(NamedTuple):
    """A lab in a folder that ends with it: its process in a session of its own, its first port, its folder."""

    process: subprocess.Popen[str]
    base: int
    folder: Path

    def line(self) -> str:
        """The next line it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def interrupt(self) -> int:
        """What Ctrl-C in a terminal sends to all its processes; the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.communicate(timeout=WAIT_S_MAX)
        return self.process.returncode


@pytest.fixture(scope="module")
def passing() -> Iterator[Passing]:
    """A lab that is killed in part, and ended, by the tests that follow."""
    base = _free_base()
    process = _idis("lab", "--base-port", str(base), own_session=True)
    assert process.stdout is not None
    found = Passing(process, base, Path(process.stdout.readline().split(" nodes in ")[1].split(" ")[0]))
    assert any("Ctrl-C" in line for line in iter(found.line, ""))
    yield found
    if process.poll() is None:
        found.interrupt()


def test_the_lab_goes_on_without_a_node_that_was_killed(passing: Passing) -> None:
    """It used to stop every node; now it says how to have the dead one back, as an operator would."""
    os.kill(int((passing.folder / "enterprise-120-5" / "node.lock").read_text()), signal.SIGKILL)

    assert passing.line().startswith("enterprise-120-5 has ended, the others go on; to have it back: ")
    assert passing.process.poll() is None


def test_an_interrupted_lab_ends_cleanly(passing: Passing) -> None:
    """Ctrl-C ends every node: the exit code is 0, the ports are free again, the folder is gone."""
    assert passing.interrupt() == 0
    assert all(is_free(passing.base + gap) for gap in range(NODES))
    assert not passing.folder.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--dir", "FILE"), "cannot be used for the nodes"),
        (("--map", "FILE/map.json"), "the map cannot be written"),
        (("--map", "/dev/null"), "is no file"),
        (("--base-port", "x"), "'x' is no base port: 1024 to"),
    ],
)
def test_a_wrong_place_is_told_before_anything_is_built(
    words: tuple[str, ...], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence at once, not a trace, and not after all nodes were made."""
    (tmp_path / "file").write_text("here")
    try:
        code = main(["lab", *(word.replace("FILE", str(tmp_path / "file")) for word in words)])
    except SystemExit as ended:
        code = int(str(ended.code))
    output = "".join(capsys.readouterr())

    assert code == 2
    assert sentence in output
    assert output.count("\n") == 1
