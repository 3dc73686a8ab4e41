"""`idis prefix move`: the records of a prefix go from the node that answers for it to another one.

Both nodes run all the while and one of them answers at every moment. Everything is copied while the source takes changes;
then it takes none for as long as the last of them are copied and both nodes are counted and compared; then the destination
answers and the source refers to it. Interrupted at any point, the same command goes on; `--abort` goes back, as long as
the destination does not answer.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

from idis.proto.identifier import fold
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.progress import Progress
from idis.resolver.cli.web_client import TOKEN_VARIABLE, WebClient, token_of

CATCH_UPS_MAX = 8  # rounds of copying what changed before the source is frozen; a source that changes faster is frozen anyway
FEW = 64  # records that changed in one round: the next round is the last
_BODILESS = ("freeze", "thaw")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("prefix", metavar="PREFIX", help="as 88.118.9")
    parser.add_argument("--from", dest="source", required=True, metavar="URL", help="the node that answers for it now")
    parser.add_argument("--to", dest="destination", required=True, metavar="URL", help="the node that will")
    parser.add_argument("--host", action="store_true", help="the destination hosts it, instead of homing it as its own")
    parser.add_argument(
        "--from-token-file", metavar="FILE", help=f"API token of an operator of the source; default: ${TOKEN_VARIABLE}"
    )
    parser.add_argument(
        "--to-token-file", metavar="FILE", help=f"API token of an operator of the destination; default: ${TOKEN_VARIABLE}"
    )
    parser.add_argument("--ca", metavar="FILE", help="certificates to trust, in PEM, in place of the system's")
    parser.add_argument("--abort", action="store_true", help="go back: the source takes changes again, the copy is deleted")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Move, go on moving, or go back."""
    prefix = fold(prefix_of(arguments.prefix))
    progress = Progress("records", quiet=arguments.json)
    with (
        WebClient(arguments.source, token_of(arguments.from_token_file), arguments.ca) as source,
        WebClient(arguments.destination, token_of(arguments.to_token_file), arguments.ca) as destination,
    ):
        move = _Move(prefix, source, destination, "host" if arguments.host else "home", progress)
        try:
            if arguments.abort:
                move.abort()
                told = f"{prefix}: not moved; the source takes changes again"
                return _say(arguments, {"prefix": prefix, "aborted": True}, told)
            summary = move.run()
        finally:
            progress.finish()
    text = (
        f"{prefix}: {summary['records']} records moved and compared (digest {summary['digest']}); "
        f"changes were refused for {summary['frozen_s']:.1f} s"
    )
    code = _say(arguments, summary, text)
    if not arguments.json:
        print(f"next, unless the source is its parent: idis prefix delegate {prefix} --to HOST:PORT at the parent")
    return code


def _say(arguments: argparse.Namespace, document: dict[str, Any], text: str) -> int:
    if arguments.json:
        print_json(document)
    else:
        print(text)
    return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a node holds: the sum of its records' digests, and the store's own seal that any change changes."""

    records: int
    digest: int
    held: int
    seal: str


class _Move:
    """One prefix on its way."""

    def __init__(self, prefix: str, source: WebClient, destination: WebClient, place: str, progress: Progress) -> None:
        self._prefix = prefix
        self._source = source
        self._destination = destination
        self._place = place
        self._progress = progress
        self._copied = 0

    def run(self) -> dict[str, Any]:
        """Lead it to its end, from wherever it stands."""
        there = self._state(self._destination)
        here = self._state(self._source)
        frozen_s = 0.0
        if not (here["answered"] or there["answered"]):
            raise CommandError(f"neither node answers for {self._prefix}: name the node that does with --from")
        begun = here["moving"] in ("leaving", "left")
        if here["answered"] and there["answered"] and there["records"] and not begun:
            raise CommandError(f"both nodes answer for {self._prefix}, and both hold records: which are right? Nothing was moved")
        if here["answered"] and not (there["answered"] and begun):
            frozen_s = self._transfer(here)
        counted = self._give(self._state(self._destination))
        self._clear(self._source)
        return {
            "prefix": self._prefix,
            "records": counted.records,
            "digest": f"{counted.digest:032x}",
            "frozen_s": round(frozen_s, 3),
        }

    def abort(self) -> None:
        """Go back, if the destination does not answer yet."""
        if self._state(self._destination)["answered"]:
            raise CommandError(
                f"{self._prefix} is answered by the destination already: run the command without --abort to end the move",
                ExitCode.REFUSED,
            )
        self._clear(self._destination)
        self._post(self._source, "thaw")

    def _transfer(self, here: dict[str, Any]) -> float:
        """Copy, freeze, copy the rest, compare, let the destination answer; for how long changes were refused."""
        position = here["position"]
        self._post(self._destination, "arrive", luggage=here["luggage"])
        if self._state(self._destination)["records"]:
            # Left by an earlier try: since when it is there, nobody knows.
            self._clear(self._destination)
            self._post(self._destination, "arrive", luggage=here["luggage"])
        self._copy(here["records"])
        known = True
        for _ in range(CATCH_UPS_MAX):
            position, changed, known = self._catch_up(position)
            if not known or changed <= FEW:
                break
        started = time.monotonic()
        self._post(self._source, "freeze")
        self._compare_and_settle(position, known)
        return time.monotonic() - started

    def _compare_and_settle(self, position: str, known: bool) -> None:
        if known:
            _, _, known = self._catch_up(position)
        if not known:
            # A whole load came in, or the journal was trimmed: once more, and this time nothing changes meanwhile.
            here = self._state(self._source)
            self._clear(self._destination)
            self._post(self._destination, "arrive", luggage=here["luggage"])
            self._copy(here["records"])
        one, other = self._count(self._source), self._count(self._destination)
        if (one.records, one.digest) != (other.records, other.digest):
            raise CommandError(
                f"the nodes hold different records of {self._prefix} ({one.records} and {other.records}): nothing was switched; "
                "run the command again, or with --abort to go back",
                ExitCode.REFUSED,
            )
        self._post(self._destination, "settle", place=self._place, records=other.held, seal=other.seal)

    def _give(self, there: dict[str, Any]) -> _Counted:
        """Let the source refer to the destination; what it holds was compared, and is counted once more for the last step."""
        here = self._state(self._source)
        counted = self._count(self._source)
        if here["answered"]:
            self._post(self._source, "give", sites=[there["site"]], records=counted.held, seal=counted.seal)
        return counted if here["answered"] else self._count(self._destination)

    def _copy(self, records: int) -> None:
        after: str | None = ""
        self._copied = 0
        while after is not None:
            page = self._source.get("prefixes", self._prefix, "move", "records", **({"after": after} if after else {}))
            taken = self._post(self._destination, "take", chunk=page["chunk"])
            self._copied += taken["put"]
            self._progress.show("copying", self._copied, self._copied / max(records, self._copied, 1))
            after = page["next"]

    def _catch_up(self, position: str) -> tuple[str, int, bool]:
        """Copy what changed since a position: the new one, how much that was, and whether the source still knew."""
        changed, more = 0, True
        while more:
            page = self._source.get("prefixes", self._prefix, "move", "changes", after=position)
            if not page["known"]:
                return position, changed, False
            taken = self._post(self._destination, "take", chunk=page["chunk"])
            changed += taken["put"] + taken["deleted"]
            position, more = page["position"], page["more"]
            self._progress.show("copying what changed", changed, None)
        return position, changed, True

    def _count(self, node: WebClient) -> _Counted:
        records = digest = 0
        seals: set[tuple[int, str]] = set()
        after: str | None = ""
        while after is not None:
            part = node.get("prefixes", self._prefix, "move", "count", **({"after": after} if after else {}))
            records += part["records"]
            digest = (digest + int(part["digest"], 16)) % (1 << 128)
            seals.add((part["held"], part["seal"]))
            after = part["next"]
            self._progress.show("comparing", records, records / max(part["held"], 1))
        if len(seals) != 1:
            raise CommandError(
                f"{self._prefix} changed at {node.url} while it was counted: run the command again", ExitCode.REFUSED
            )
        ((held, seal),) = seals
        return _Counted(records, digest, held, seal)

    def _clear(self, node: WebClient) -> None:
        after: str | None = ""
        while after is not None:
            after = self._post(node, "clear", **({"after": after} if after else {}))["next"]

    def _state(self, node: WebClient) -> dict[str, Any]:
        state: dict[str, Any] = node.get("prefixes", self._prefix, "move")
        return state

    def _post(self, node: WebClient, step: str, **body: object) -> dict[str, Any]:
        sent = None if step in _BODILESS else body
        answer: dict[str, Any] = node.change("POST", "prefixes", self._prefix, "move", step, body=sent)
        return answer
