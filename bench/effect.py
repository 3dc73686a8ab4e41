"""How soon a prefix that was approved is resolvable everywhere (标识注册生效时间, `domain.md` §5.1), in milliseconds.

    python -m idis.bench.effect [--rounds 10] [--cached] [--base-port 22640] [--json]

The lab's national, secondary, enterprise and recursive node are started, each a process of its own. In each round the
enterprise's node homes a new prefix and registers an identifier below it; then the parent's operator approves and delegates
it over `/api/v1`, and the clock runs from before the approval leaves. Every node on the way is asked for the identifier
without pause over UDP: when the national node refers to the secondary one, the secondary one to the enterprise, and the
recursive node gives the record.

Then the prefix is suspended and resumed while the recursive node has the record in its cache, and the clock runs until that
node says so: what it has kept must end by being told, long before its TTL.

A recursive node that was asked for the identifier before knows for a while that its prefix is not registered. With
`--cached` one more round asks it just before the approval, and waits for the end of that.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from idis.bench.machine import machine_line
from idis.proto.codes import ResponseCode
from idis.registry.caller import Role, RoleGrant
from idis.resolver.cli.web_client import WebClient
from idis.resolver.lab.build import SampleSet, build_nodes
from idis.resolver.lab.life_tour import APPLICANT, register, site_of, web_client
from idis.resolver.lab.plan import LabNode, Plan, make_plan
from idis.resolver.lab.processes import Processes, refuse_taken_ports
from idis.resolver.sync import Client

ROUNDS_DEFAULT = 10
BASE_PORT = 22_640
POLL_S = 0.000_5  # between two questions to one node: a tenth of what is measured
EFFECT_S_MAX = 60.0  # without a cache in between; what takes so long never comes, however busy the machine
CACHED_S_MAX = 120.0  # twice the longest 'not found' that a recursive node keeps by default
GOAL_MS = 100.0
CACHED_GOAL_MS = 60_000.0
PARENT, CHILD = "88.118", "88.118.8"
_OPERATOR = (RoleGrant(Role.OPERATOR),)


@dataclass(frozen=True, slots=True)
class Effect:
    """Milliseconds from before the approval was sent until each of these had happened."""

    approved: float
    delegated: float
    secondary: float
    national: float
    recursive: float
    suspended: float  # since the suspension was sent, and so on
    resumed: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.effect", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS_DEFAULT, metavar="N", help="prefixes approved; default %(default)s")
    parser.add_argument("--cached", action="store_true", help="one more with 'not found' in the recursive node's cache")
    parser.add_argument("--base-port", type=int, default=BASE_PORT, metavar="N", help="first port; default %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="idis-effect-") as folder:
        plan = on_the_way(make_plan(Path(folder), base_port=arguments.base_port))
        refuse_taken_ports(plan.nodes)
        build_nodes(plan, SampleSet({}, {}))
        processes = Processes()
        processes.start(plan)
        try:
            effects, cached_ms = measure(plan, max(arguments.rounds, 1), cached=arguments.cached)
        finally:
            processes.stop()
    print(json.dumps(document_of(effects, cached_ms)) if arguments.json else report_of(effects, cached_ms))
    return 0


def on_the_way(plan: Plan) -> Plan:
    """The nodes that an identifier below PARENT is asked of, from the top down, without sample data."""
    return Plan((plan.national, plan.holder(PARENT), plan.holder(CHILD), plan.recursive))


def measure(plan: Plan, rounds: int, *, cached: bool) -> tuple[list[Effect], float | None]:
    """Approve prefixes one after the other; one before them warms the nodes up."""
    parent, child = plan.holder(PARENT), plan.holder(CHILD)
    with (
        web_client(parent, identity=APPLICANT, roles=()) as applicant,
        web_client(parent, roles=_OPERATOR) as operator,
        web_client(child, roles=_OPERATOR) as enterprise,
    ):
        watch = Watch(plan, parent, child, applicant, operator, enterprise)
        watch.warm_up()
        effects = [watch.round() for _ in range(rounds)]
        return effects, watch.cached_round() if cached else None


class Watch:
    """Leads prefixes from their application to their effect, and watches every node on the way."""

    def __init__(
        self,
        plan: Plan,
        parent: LabNode,
        child: LabNode,
        applicant: WebClient,
        operator: WebClient,
        enterprise: WebClient,
    ) -> None:
        self._plan = plan
        self._child = child
        self._applicant = applicant
        self._operator = operator
        self._enterprise = enterprise
        self._clients = {
            node.name: Client(node.address, transport="udp", follow_referrals=False)
            for node in (plan.national, parent, plan.recursive)
        }
        self._parent = parent

    def warm_up(self) -> None:
        """One prefix until it is resolvable: nodes meet for the first time, and the recursive one subscribes at the others."""
        prefix, started = self._prepared(), time.monotonic()
        self._grant(prefix, started)
        self._until(self._plan.recursive, f"{prefix}/A1", ResponseCode.SUCCESS, started, EFFECT_S_MAX)

    def round(self) -> Effect:
        """One prefix that nobody has asked for before."""
        prefix = self._prepared()
        started = time.monotonic()
        approved, delegated = self._grant(prefix, started)
        identifier = f"{prefix}/A1"
        secondary = self._until(self._parent, identifier, ResponseCode.SERVICE_REFERRAL, started, EFFECT_S_MAX)
        national = self._until(self._plan.national, identifier, ResponseCode.SERVICE_REFERRAL, started, EFFECT_S_MAX)
        recursive = self._until(self._plan.recursive, identifier, ResponseCode.SUCCESS, started, EFFECT_S_MAX)
        suspended = self._turned(prefix, "suspend", ResponseCode.SERVER_NOT_RESPONSIBLE)
        resumed = self._turned(prefix, "resume", ResponseCode.SUCCESS)
        return Effect(approved, delegated, secondary, national, recursive, suspended, resumed)

    def cached_round(self) -> float:
        """One prefix for whose identifier the recursive node was asked too early."""
        prefix = self._prepared()
        identifier = f"{prefix}/A1"
        reply = self._clients[self._plan.recursive.name].resolve(identifier)
        if reply.found:
            raise SystemExit(f"{identifier} was found before its prefix was granted")
        started = time.monotonic()
        self._grant(prefix, started)
        return self._until(self._plan.recursive, identifier, ResponseCode.SUCCESS, started, CACHED_S_MAX)

    def _turned(self, prefix: str, event: str, wanted: ResponseCode) -> float:
        """When the recursive node knows that a prefix was suspended or resumed, in milliseconds."""
        started = time.monotonic()
        self._operator.change("POST", "prefixes", prefix, event, body={"reason": "bench"} if event == "suspend" else {})
        return self._until(self._plan.recursive, f"{prefix}/A1", wanted, started, EFFECT_S_MAX)

    def _prepared(self) -> str:
        """A prefix in review whose node is ready and whose identifier is registered."""
        asked = {"prefix": f"{PARENT}.*", "organisation": {"owner": "bench"}}
        prefix = str(self._applicant.change("POST", "prefixes", body=asked)["entry"]["prefix"])
        self._operator.change("POST", "prefixes", prefix, "review", body={})
        self._enterprise.change("PUT", "prefixes", prefix, "home", body={})
        register(self._child, f"{prefix}/A1")
        return prefix

    def _grant(self, prefix: str, started: float) -> tuple[float, float]:
        self._operator.change("POST", "prefixes", prefix, "approve", body={})
        approved = _since_ms(started)
        self._operator.change("PUT", "prefixes", prefix, "sites", body={"sites": [site_of(self._child)]})
        return approved, _since_ms(started)

    def _until(self, node: LabNode, identifier: str, wanted: ResponseCode, started: float, seconds_max: float) -> float:
        """When a node answers as it must, in milliseconds since the start."""
        client = self._clients[node.name]
        while True:
            if client.resolve(identifier).code == wanted:
                return _since_ms(started)
            if time.monotonic() - started > seconds_max:
                raise SystemExit(f"{node.name} does not answer {identifier} with {wanted.name} after {seconds_max:.0f} s")
            time.sleep(POLL_S)


def report_of(effects: list[Effect], cached_ms: float | None) -> str:
    """The table a person reads."""
    lines = [machine_line(), f"{len(effects)} prefixes, milliseconds since the approval was sent:", ""]
    lines.append(f"{'step':<46} {'median':>8} {'slowest':>8}")
    for name, words in _STEPS.items():
        times = [float(getattr(effect, name)) for effect in effects]
        lines.append(f"{words:<46} {statistics.median(times):>8.1f} {max(times):>8.1f}")
    lines.append("")
    lines.append(_verdict("resolvable everywhere", max(effect.recursive for effect in effects), GOAL_MS))
    turned = max(max(effect.suspended, effect.resumed) for effect in effects)
    lines.append(_verdict("suspended or resumed everywhere", turned, GOAL_MS))
    if cached_ms is not None:
        lines.append(_verdict("with 'not found' cached", cached_ms, CACHED_GOAL_MS))
    return "\n".join(lines)


def document_of(effects: list[Effect], cached_ms: float | None) -> dict[str, object]:
    """The same for programs."""
    steps: dict[str, Callable[[list[float]], float]] = {"median_ms": statistics.median, "slowest_ms": max}
    return {
        "rounds": len(effects),
        **{
            name: {word: round(figure([float(getattr(one, name)) for one in effects]), 3) for word, figure in steps.items()}
            for name in _STEPS
        },
        "cached_ms": None if cached_ms is None else round(cached_ms, 1),
    }


def _verdict(words: str, figure_ms: float, goal_ms: float) -> str:
    return f"{words}: {figure_ms:,.1f} ms at most, goal {goal_ms:,.0f} ms: {'reached' if figure_ms <= goal_ms else 'missed'}"


def _since_ms(started: float) -> float:
    return (time.monotonic() - started) * 1e3


_STEPS = {
    "approved": "approval durable and acknowledged",
    "delegated": "delegation durable and acknowledged",
    "secondary": "secondary node refers to the enterprise",
    "national": "national node refers to the secondary one",
    "recursive": "recursive node gives the record",
    "suspended": "suspended: it gives the record no longer",
    "resumed": "resumed: it gives the record again",
}


if __name__ == "__main__":
    raise SystemExit(main())
