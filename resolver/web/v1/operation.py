"""One operation: what it is asked, what it answers, who may, and the function that does it.

The table of all operations (`table.py`) is the one place from which requests are routed and read, and from which the
OpenAPI document and the page are made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

from idis.registry.caller import Action, Caller
from idis.registry.registration.checks import Refusal
from idis.resolver.web.body import BODY_BYTES_MAX
from idis.resolver.web.face import Face
from idis.resolver.web.v1.condition import UNCONDITIONAL, Condition
from idis.resolver.web.v1.field import Field

P = TypeVar("P")
B = TypeVar("B")


class Needs(Enum):
    """Whom an operation answers."""

    NOBODY = "nobody"  # everybody, the same answer
    OPTIONAL = "optional"  # everybody; who proves an identity may see more
    PROOF = "proof"  # whoever proves an identity


@dataclass(frozen=True, slots=True)
class Nothing:
    """No parameters."""


@dataclass(frozen=True, slots=True)
class KeyHeaders:
    """Headers of everything that writes."""

    key: Annotated[
        str | None,
        Field(
            "a name of your own for this request; sent again with it, it is not done again but answered as the first time",
            "幂等键",
            1,
            255,
            r"[!-~]+",
            example="order-4711-step-2",
            name="Idempotency-Key",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class VersionHeaders:
    """Headers of writes to something that has versions (RFC 9110 §13.1)."""

    match: Annotated[
        str | None,
        Field("the version that must be there now, as its ETag; * for any", "期望版本", example='"7"', name="If-Match"),
    ] = None
    none_match: Annotated[
        str | None,
        Field(
            "* when nothing may be there yet; or versions that must not be there", "仅当不存在", example="*", name="If-None-Match"
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Call(Generic[P, B]):
    """One request, read and checked.

    Attributes:
        face: the node.
        caller: who asks.
        parameters: of path and query.
        body: of the model that the operation asks for; None when it asks for none.
        condition: of If-Match and If-None-Match.
        key: of Idempotency-Key, empty without.
        digest: of all that makes this request differ from another one.
    """

    face: Face
    caller: Caller
    parameters: P
    body: B
    condition: Condition = UNCONDITIONAL
    key: str = ""
    digest: bytes = b""

    @property
    def now(self) -> int:
        """Unix time in seconds."""
        return int(self.face.service.clock.time())


@dataclass(frozen=True, slots=True)
class JsonText:
    """The JSON of a model that was written already."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A success. `version` becomes the ETag, `location` names what was made."""

    body: object = None
    status: int = 200
    version: int | None = None
    location: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """A success of any length, sent as it is read: JSON values, one a line, or the octets of a file."""

    lines: AsyncIterator[bytes]
    content_type: str = "application/jsonl"


@dataclass(frozen=True, slots=True)
class Operation(Generic[P, B]):
    """One line of the table.

    Attributes:
        name: operationId, lowerCamel.
        method: of HTTP.
        path: below /api/v1, `{name}` for parameters; the last one may hold slashes.
        group: of the page.
        summary: a few words, in English and Chinese.
        detail: what else its user must know.
        answer: does it.
        parameters: model of path and query.
        request: model of the body, None without.
        response: model of the body of a success; None without, `Lines` for a stream.
        successes: status → what it means.
        refusals: statuses of refusals, beside those that any operation may have.
        needs: whom it answers.
        action: what a token must allow.
        may: whose right it needs, for a person.
        versioned: whether it takes If-Match and If-None-Match.
        body_bytes_max: most octets of its body.
        asks: its body is a question: nothing changes, whatever the method.
        content_types: of a stream, any of these.
    """

    name: str
    method: str
    path: str
    group: str
    summary: tuple[str, str]
    answer: Callable[[Call[P, B]], Awaitable[Reply | Lines | Refusal]]
    parameters: type[P]
    request: type[B] | None = None
    response: type[Any] | None = None
    successes: tuple[tuple[int, str], ...] = ((200, "done"),)
    refusals: tuple[int, ...] = ()
    needs: Needs = Needs.PROOF
    action: Action | None = None
    may: str = ""
    detail: str = ""
    versioned: bool = False
    body_bytes_max: int = BODY_BYTES_MAX
    asks: bool = False
    content_types: tuple[str, ...] = ("application/jsonl",)

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET" and not self.asks

    @property
    def headers(self) -> tuple[type[Any], ...]:
        """The models of its headers."""
        return ((KeyHeaders,) if self.writes else ()) + ((VersionHeaders,) if self.versioned else ())
