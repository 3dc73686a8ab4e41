"""Knot and NSD with one worker each and the names as TXT records, and Knot with the records our DNS face makes."""

from __future__ import annotations

import getpass
import shutil
import time
from pathlib import Path

from idis.bench.asking.load import Question, Transport
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import dns_frames
from idis.bench.peers.contender import Contender, Face, Running, local, memory_of
from idis.bench.peers.dataset import DNS, ZONE, dns_labels, naptr_lines, zone_lines
from idis.bench.peers.node import dns_questions
from idis.bench.peers.stage import HOST, Stage, answers_by_datagram, free_port

TXT = 16
_TCP_CONNECTIONS = 1_000
_WHERE = ("/usr/sbin", "/usr/local/sbin")  # not on every user's path

_KNOT = """\
server:
    rundir: "{folder}"
    user: "{user}"
    listen: {host}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    tcp-max-clients: {connections}
    tcp-idle-timeout: 60
log:
  - target: stderr
    any: warning
database:
    storage: "{folder}/db"
zone:
  - domain: {zone}
    file: "{zone_file}"
    zonefile-sync: -1
    journal-content: none
"""
_NSD = """\
server:
    server-count: 1
    ip-address: {host}@{port}
    do-ip6: no
    username: "{user}"
    chroot: ""
    zonesdir: "{folder}"
    database: ""
    zonelistfile: "{folder}/zone.list"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    pidfile: ""
    tcp-count: {connections}
    tcp-timeout: 60
    rrl-ratelimit: 0
    verbosity: 0
remote-control:
    control-enable: no
zone:
    name: {zone}
    zonefile: "{zone_file}"
"""


def program(name: str) -> str | None:
    """Where a server's program is."""
    return shutil.which(name) or shutil.which(name, path=":".join(_WHERE))


def zone_file(stage: Stage, zone: str, names: int) -> Path:
    """A zone, written once."""
    path = stage.folder / f"{zone}.{names}.zone"
    if not path.exists():
        beside = path.with_suffix(".part")
        with beside.open("w", encoding="ascii") as file:
            file.writelines(_ZONES[zone](names))
        beside.rename(path)
    return path


def _contender(title: str, daemon: str, template: str, flags: tuple[str, ...], zone: str = ZONE) -> Contender:
    def start(stage: Stage, names: int) -> Running:
        folder, port = stage.make_folder(title.lower().replace(" ", "-")), free_port()
        settings = folder / f"{daemon}.conf"
        settings.write_text(
            template.format(
                folder=folder, host=HOST, port=port, user=getpass.getuser(), connections=_TCP_CONNECTIONS, zone=zone,
                zone_file=zone_file(stage, zone, names),
            )
        )  # fmt: skip
        questions = _txt_questions(names) if zone == ZONE else dns_questions(names)
        last = next(iter(questions.values())).frames.of(names - 1)
        started = time.monotonic()
        process = stage.start([program(daemon) or daemon, "-c", str(settings), *flags], folder.name)
        stage.wait(process, folder.name, answers_by_datagram(port, last))
        start_s = time.monotonic() - started
        faces = {transport: Face(local(port), question, process.pid) for transport, question in questions.items()}
        return Running(faces, start_s, memory_of(process.pid))

    return Contender(title, lambda: "" if program(daemon) else f"{daemon} is not installed", start)


def _txt_questions(names: int) -> dict[Transport, Question]:
    every = [dns_labels(number) for number in range(names)]
    return {
        transport: Question(dns_frames(every, TXT, datagrams=transport.datagrams), Dialect.DNS)
        for transport in (Transport.UDP, Transport.TCP)
    }


_ZONES = {ZONE: zone_lines, DNS.zone: naptr_lines}

KNOT = _contender("Knot", "knotd", _KNOT, ())
KNOT_NAPTR = _contender("Knot NAPTR", "knotd", _KNOT, (), DNS.zone)
NSD = _contender("NSD", "nsd", _NSD, ("-d",))
