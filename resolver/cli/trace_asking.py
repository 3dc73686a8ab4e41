"""Asking about genealogies: one node with a token, or all that have a part of the answer with a pass, at once or as a job."""

from __future__ import annotations

import argparse
import base64
import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from idis.proto.trace import PURPOSE_CHARACTERS_MAX, TRACE_ID_BYTES
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.cli.web_client import WebClient
from idis.resolver.client_key import Key, KeyFileError

PASS_S = 40.0  # after which a running job is handed a fresh pass: each holds for a minute
LOOK_MS = 1_000  # how long a job is waited for before it is looked at again
AGAIN_MS = 20_000  # how long what was missing is waited for

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_JOB = re.compile("[a-z2-7]{52}")  # the octets of two trace ids in base 32
_KINDS = ("trace", "recall", "relation", "common")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and why: makes the passes of one question."""

    key: Key
    purpose: str
    trace_id: bytes

    @classmethod
    def new(cls, key: Key, purpose: str) -> Asker:
        """For a question of its own."""
        if not 0 < len(purpose) <= PURPOSE_CHARACTERS_MAX or not purpose.isprintable():
            raise CommandError(f"--purpose is a short text, at most {PURPOSE_CHARACTERS_MAX} characters")
        return cls(key, purpose, secrets.token_bytes(TRACE_ID_BYTES))

    def proof(self) -> dict[str, str]:
        """A pass that is good for the next minute."""
        try:
            shown = self.key.make_trace_pass(self.trace_id, self.purpose, int(time.time())).decode("ascii")
        except KeyFileError as error:
            raise CommandError(str(error)) from None
        return {"trace": self.trace_id.hex(), "purpose": self.purpose, "pass": shown}


def ask_here(client: WebClient, arguments: argparse.Namespace) -> Any:
    """Ask one node about what it has, with a token."""
    things, verb = arguments.things, arguments.verb
    times = _times(arguments)
    match verb:
        case "back" | "forward":
            query = {"thing": things[0], "direction": verb, **times}
            return client.get("trace", **query, **({"depth": str(arguments.depth)} if arguments.depth else {}))
        case "recall":
            body = {"starts": [{"thing": thing} for thing in things], **times}
            return client.change("POST", "trace", "recall", body=body)
        case "common":
            return client.change("POST", "trace", "common", body={"failed": things, **times})
        case "relation":
            return client.get("trace", "relation", part=things[0], whole=things[1], **times)
        case "timeline":
            query = {{"asOf": "until"}.get(name, name): text for name, text in times.items()}
            return client.get("trace", "timeline", thing=things[0], **query)
        case "siblings":
            return client.get("trace", "siblings", thing=things[0], by=arguments.by)
        case _:
            return client.get("trace", verb, thing=things[0])


def ask_across(client: WebClient, arguments: argparse.Namespace, asker: Asker) -> Any:
    """Ask all nodes that have a part of the answer."""
    things, verb = arguments.things, arguments.verb
    body = _body(arguments, asker)
    match verb:
        case "back" | "forward":
            return _opened(client.change("POST", "trace", "across", body=body | {"thing": things[0], "direction": verb}))
        case "recall":
            starts = [{"thing": thing} for thing in things]
            return _opened(client.change("POST", "trace", "across", "recall", body=body | {"starts": starts}))
        case "common":
            return _opened(client.change("POST", "trace", "across", "common", body=body | {"failed": things}))
        case _:
            body |= {"part": things[0], "whole": things[1]}
            return _opened(client.change("POST", "trace", "across", "relation", body=body))


def start_job(client: WebClient, arguments: argparse.Namespace, asker: Asker) -> Any:
    """Ask the same as a job; how it stands."""
    things = [{"thing": thing} for thing in arguments.things]
    body = _body(arguments, asker) | {"question": arguments.verb, "things": things}
    return client.change("POST", "trace", "across", "jobs", body=body)


def watch_job(client: WebClient, asker: Asker, job: Any, tell: Any) -> Any:
    """Look at a job until it is over, with a fresh pass now and then; its answer.

    Args:
        client: of the node that has it.
        asker: who asked.
        job: how it stands.
        tell: is shown how it stands, whenever it is looked at.
    """
    shown = time.monotonic()
    while job["state"] == "running":
        tell(job)
        if job["waits"] or time.monotonic() - shown > PASS_S:
            job, shown = hand_pass(client, asker, job["job"], LOOK_MS), time.monotonic()
        else:
            answered = client.ask("GET", ("trace", "across", "jobs", job["job"]), query={"waitMs": str(LOOK_MS)})
            job = answered.document
    if job["state"] != "done":
        raise CommandError(f"the question is {job['state']}: ask it again", ExitCode.REFUSED)
    return _opened(job)


def hand_pass(client: WebClient, asker: Asker, job: str, wait_ms: int) -> Any:
    """Hand a fresh pass to a job; where it was over, what is missing is asked for again."""
    body = json.dumps({"proof": asker.proof()}).encode()
    return client.ask("POST", ("trace", "across", "jobs", job), query={"waitMs": str(wait_ms)}, body=body).document


def end_job(client: WebClient, job: str) -> None:
    """End a job."""
    client.change("DELETE", "trace", "across", "jobs", job)


def asker_again(client: WebClient, job: str, key: Key) -> tuple[Asker, Any]:
    """Who goes on with a question that is kept, and how it stands."""
    if not _JOB.fullmatch(job):
        raise CommandError(f"{job[:80]} is no name of a question: it has 52 letters and digits, as the answer printed it")
    found = client.get("trace", "across", "jobs", job)
    return Asker(key, found["purpose"], base64.b32decode(job.upper() + "====")[:TRACE_ID_BYTES]), found


def _body(arguments: argparse.Namespace, asker: Asker) -> dict[str, Any]:
    body: dict[str, Any] = {"proof": asker.proof(), **_times(arguments)}
    if getattr(arguments, "depth", None):
        body["depth"] = arguments.depth
    return body | ({"signed": True} if arguments.evidence else {})


def _opened(answer: Any) -> Any:
    """The answer, with who was asked beside it, and which question it answers."""
    (kind,) = (kind for kind in _KINDS if answer.get(kind))
    found = answer.pop(kind)
    for other in _KINDS:
        answer.pop(other, None)
    return found | answer | {"question": kind}


def _times(arguments: argparse.Namespace) -> dict[str, str]:
    given = {"asOf": getattr(arguments, "as_of", None), "knownAt": getattr(arguments, "known_at", None)}
    # A day is meant to its end.
    return {name: f"{text}T23:59:59Z" if _DAY.fullmatch(text) else text for name, text in given.items() if text}
