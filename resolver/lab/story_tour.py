"""The part of the tour that tells a story for each industry: a failure found, its cause traced back, the recall list made.

The station's events are captured where they happen, and the questions are those of `idis trace`, asked of that node; each is
printed as the command, with what it answers. The last one is asked of all nodes that have a part of the answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idis.proto.identifier import prefix_handle
from idis.registry.caller import Role, RoleGrant, tool
from idis.registry.pilots.capture_examples import example_files
from idis.registry.registration.checks import Refusal
from idis.registry.store.lmdb import LmdbStore
from idis.registry.trace.capture import Behaviour, capture
from idis.registry.trace.teller import teller_of
from idis.resolver.cli.trace_asking import Asker
from idis.resolver.cli.trace_shown import SHOWN, Page
from idis.resolver.cli.web_client import WebClient
from idis.resolver.client_key import Key
from idis.resolver.lab.build import ACTOR, LabError
from idis.resolver.lab.life_tour import web_client
from idis.resolver.lab.plan import LabNode, owner_key_of

if TYPE_CHECKING:
    from idis.resolver.lab.tour import Tour

RECALLED = "88.120.6/MODULE.001MB120000000E2F0000000"  # one enterprise made it, another built it in
LINES_SHOWN = 8  # of an answer; the whole of it is one command away


@dataclass(frozen=True, slots=True)
class Story:
    """One story.

    Attributes:
        pilot: whose capture examples it needs.
        prefix: of the enterprise that tells it.
        title: what happened.
        failed: the thing at which the failure was found.
        cause: what it is traced back to.
        affected: what must be on the recall list of the cause.
    """

    pilot: str
    prefix: str
    title: str
    failed: str
    cause: str
    affected: str


STORIES = (
    Story(
        "ship",
        "88.118.8",
        "a seam of a block fails ultrasonic testing 船舶",
        "88.118.8/BLOCK.H2588-B101",
        "88.118.8/LOT.FCW24-00001",
        "88.118.8/SHIP.H2588",
    ),
    Story(
        "automotive",
        "88.120.7",
        "a vehicle reports self-discharge 汽车",
        "88.120.7/VIN.LEXAA49J5R2000000",
        RECALLED,
        "88.120.7/VIN.LEXAA49J5R2000000",
    ),
    Story(
        "chemical",
        "88.130.4",
        "a customer finds a drum off colour 化工",
        "88.130.4/DRUM.ACE-000001-001",
        "88.130.4/BATCH.CUM-000001A",
        "88.130.4/DRUM.ACE-000001-001",
    ),
    Story(
        "nuclear",
        "88.140.6",
        "a valve leaks at its position 核电",
        "88.140.6/VALVE.00001-1",
        "88.140.3/HEAT.F24-00101",
        "88.140.1/POS.10JNB10AA001",
    ),
)


def stories_are_told(tour: Tour) -> None:
    """Capture, trace back, recall, for each of the four industries."""
    for story in STORIES:
        node = tour.plan.holder(story.prefix)
        print(f"\n{story.title}: found, traced back, recalled")
        for path in example_files(story.pilot):
            _captured(tour, node, path)
        with web_client(node, roles=(RoleGrant(Role.OPERATOR),)) as client:
            back = _asked(tour, client, "back", story.failed)
            _insist(story.cause, [line["thing"] for line in back["lines"]])
            impact = _asked(tour, client, "recall", story.cause)
            _insist(story.affected, [one["thing"] for one in impact["affected"]])
    _recalled_across(tour, next(story for story in STORIES if story.cause == RECALLED))


def _captured(tour: Tour, node: LabNode, path: Path) -> None:
    with tour.stop(f"capture {path.name} ← {node.name}") as show:
        started = time.monotonic()
        store = LmdbStore.open(node.directory, exclusive=False)
        try:
            with store.read() as txn:
                teller = teller_of(txn, tool(ACTOR))
            if isinstance(teller, Refusal):
                raise LabError(teller.message)
            done = capture(store, lambda: path.open("rb"), teller, Behaviour.ROLLBACK, int(time.time() * 1000))
        finally:
            store.close()
        if not done.success:
            raise LabError(f"{path.name} is refused: {done.problems[0].message}")
        show(f"{done.events} events, durable", time.monotonic() - started)


def _asked(tour: Tour, client: WebClient, verb: str, thing: str) -> Any:
    """One question, printed as its command with the first lines of its answer."""
    with tour.stop(f"idis trace {verb} {thing}") as show:
        started = time.monotonic()
        if verb == "back":
            answer = client.get("trace", thing=thing, direction="back")
        else:
            answer = client.change("POST", "trace", "recall", body={"starts": [{"thing": thing}]})
        seconds = time.monotonic() - started
        text = [line for line in SHOWN[verb](answer, Page()).text if line]
        show(f"--server {client.url}", seconds)
    for line in text[:LINES_SHOWN]:
        print(f"       {line}")
    if len(text) > LINES_SHOWN:
        print(f"       … {len(text) - LINES_SHOWN} more lines")
    return answer


def _recalled_across(tour: Tour, story: Story) -> None:
    """The maker of the cause asks all enterprises at once: his key, which his parent took in, says everywhere who asks."""
    print("\nOne recall over several enterprises' nodes, in the name of the one that made the cause")
    prefix, node = story.cause.partition("/")[0], tour.plan.recursive
    identity, file = f"300:{prefix_handle(prefix)}", owner_key_of(tour.plan, prefix)
    with (
        WebClient(f"http://{node.host}:{node.http_port}", "") as client,
        tour.stop(f"idis trace recall {story.cause}") as show,
    ):
        started = time.monotonic()
        asker = Asker.new(Key.from_file(identity, str(file)), "recall")
        body = {"proof": asker.proof(), "starts": [{"thing": story.cause}]}
        answer = client.change("POST", "trace", "across", "recall", body=body)
        _insist(story.affected, [one["thing"] for one in answer["recall"]["affected"]])
        asked = sorted({one["prefix"] for one in answer["nodes"]})
        show(f"asked {', '.join(asked)} as {identity}", time.monotonic() - started)


def _insist(thing: str, found: list[str]) -> None:
    if thing not in found:
        raise LabError(f"expected {thing} in the answer, got {', '.join(found[:10])}")
