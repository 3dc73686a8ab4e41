"""A subscription: who is told the answers of a named question, where, when, and how far he has been told."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from idis.proto.errors import IdentifierError
from idis.registry import tokens
from idis.registry.caller import Caller, TokenScope
from idis.registry.identity import parse_identity
from idis.registry.roles import roles_of
from idis.registry.store.base import ReadTxn
from idis.registry.trace.event_time import write_time


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription.

    One that was given up is told nothing, keeps its place, and goes on from there when it is taken up again.

    Attributes:
        id: unique below its question.
        query: the name of the question.
        dest: the URL that is told.
        signature_token: sent along as `GS1-Signature`, so that whoever is told knows who tells; empty without.
        report_if_empty: whether an answer without events is sent, too.
        schedule: the fields of a schedule; empty: at once.
        created_by, identity, token: whose eyes see the events: rights are looked up anew with every answer.
        created_ms: when it was made.
        place: of the last event that was looked at, in hexadecimal.
        due_ms: when it is next looked at, unix time in milliseconds.
        failures: how many attempts have failed since the last that did not.
        last_error: why the last one did.
        delivered: how many events have been taken.
        failing_ms: since when nothing has been taken, unix time in milliseconds; 0 where the last was.
        given_up: why nothing is sent any more; empty while there is.
    """

    id: str
    query: str
    dest: str
    signature_token: str
    report_if_empty: bool
    schedule: dict[str, str]
    created_by: str
    identity: str
    token: str
    created_ms: int
    place: str
    due_ms: int = 0
    failures: int = 0
    last_error: str = ""
    delivered: int = 0
    failing_ms: int = 0
    given_up: str = ""

    @property
    def key(self) -> bytes:
        """The key of its document."""
        return self.query.encode() + b"\x00" + self.id.encode()

    def encode(self) -> bytes:
        """Its document."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    def to_json(self) -> dict[str, Any]:
        """What is shown of it; the token that signs is nobody's business."""
        shown: dict[str, Any] = {"subscriptionID": self.id, "dest": self.dest, "reportIfEmpty": self.report_if_empty}
        shown |= {"schedule": self.schedule} if self.schedule else {"stream": True}
        shown["delivered"] = self.delivered
        shown["state"] = "given up" if self.given_up else "failing" if self.failures else "active"
        if self.failures:
            shown |= {"failures": self.failures, "lastError": self.last_error, "failingSince": write_time(self.failing_ms, 0)}
        if self.given_up:
            shown["reason"] = self.given_up
        elif self.failures:
            shown["nextTry"] = write_time(self.due_ms, 0)
        return shown

    def caller(self, txn: ReadTxn, now: int) -> Caller | None:
        """Who made it, with the rights he has now; None when his token has ended."""
        origin = f"subscription {self.id}"
        if self.token:
            token = tokens.find(txn, self.token)
            if token is None or token.state(now) != "valid":
                return None
            terms = token.terms
            roles = terms.roles if terms.identity is None else roles_of(txn, terms.identity)
            return Caller(origin, terms.identity, roles, TokenScope(token.token_id, terms.prefixes, terms.actions))
        try:
            identity = parse_identity(self.identity)
        except IdentifierError:
            return None
        return Caller(origin, identity, roles_of(txn, identity))


def decode_subscription(document: bytes) -> Subscription:
    """The reverse of `Subscription.encode`."""
    return Subscription(**json.loads(document))
