"""Knot and NSD with one worker each and the names as TXT records."""

from __future__ import annotations

import getpass
import shutil
import time
from pathlib import Path

from idis.bench.load import Question, Transport
from idis.bench.peers.contender import Contender, Face, Running, local, memory_of
from idis.bench.peers.dataset import ZONE, dns_name, zone_lines
from idis.bench.peers.stage import HOST, Stage, answers_by_datagram, free_port
from idis.bench.plan import Dialect
from idis.bench.questions import dns_frames

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


def zone_file(stage: Stage, names: int) -> Path:
    """The zone both serve; written once."""
    path = stage.folder / f"{ZONE}.{names}.zone"
    if not path.exists():
        beside = path.with_suffix(".part")
        with beside.open("w", encoding="ascii") as file:
            file.writelines(zone_lines(names))
        beside.rename(path)
    return path


def _contender(title: str, daemon: str, template: str, flags: tuple[str, ...]) -> Contender:
    def start(stage: Stage, names: int) -> Running:
        folder, port = stage.make_folder(daemon), free_port()
        settings = folder / f"{daemon}.conf"
        settings.write_text(
            template.format(
                folder=folder, host=HOST, port=port, user=getpass.getuser(), connections=_TCP_CONNECTIONS, zone=ZONE,
                zone_file=zone_file(stage, names),
            )
        )  # fmt: skip
        every = [dns_name(number) for number in range(names)]
        datagrams = Question(dns_frames(every, TXT, datagrams=True), Dialect.DNS)
        streams = Question(dns_frames(every, TXT, datagrams=False), Dialect.DNS)
        started = time.monotonic()
        process = stage.start([program(daemon) or daemon, "-c", str(settings), *flags], daemon)
        stage.wait(process, daemon, answers_by_datagram(port, datagrams.frames.of(names - 1)))
        start_s = time.monotonic() - started
        return Running(
            {
                Transport.UDP: Face(local(port), datagrams, process.pid),
                Transport.TCP: Face(local(port), streams, process.pid),
            },
            start_s,
            memory_of(process.pid),
        )

    return Contender(title, lambda: "" if program(daemon) else f"{daemon} is not installed", start)


KNOT = _contender("Knot", "knotd", _KNOT, ())
NSD = _contender("NSD", "nsd", _NSD, ("-d",))
