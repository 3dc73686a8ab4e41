"""Logins of IDIS clients: the connection is the session, and what comes over it needs no proof of its own (`wire.md` §17).

What a connection may change, it may change once: its clients count their requests, so a write whose number was taken
before is a repetition, and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from idis.proto.codes import ResponseCode
from idis.proto.session import CounterWindow
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.proven import Proven
from idis.resolver.request import Link


@dataclass(slots=True)
class _Login:
    proven: Proven
    requests: CounterWindow = field(default_factory=CounterWindow)


_REPEATED = Refusal(
    ResponseCode.SESSION_MESSAGE_REJECTED, "a change with this request number was made over this connection: count them up"
)


class Logins:
    """Who logged in over which connection. A login holds some hundred octets and ends with its connection."""

    def __init__(self) -> None:
        self._logins: dict[Link, _Login] = {}

    def __len__(self) -> int:
        return len(self._logins)

    def add(self, link: Link, proven: Proven, caller: Caller) -> None:
        """Somebody has logged in."""
        if link not in self._logins:
            link.on_end.append(lambda: self._end(link))
        self._logins[link] = _Login(proven)
        link.caller = caller

    def _end(self, link: Link) -> None:
        self._logins.pop(link, None)

    def caller(self, link: Link | None, now: float) -> Caller | None:
        """Who is logged in; `now` is monotonic seconds."""
        login = None if link is None else self._logins.get(link)
        if login is None or link is None:
            return None
        link.caller = login.proven.caller(now)
        return link.caller

    def refuse_repeated(self, link: Link | None, request_id: int) -> Refusal | None:
        """Why a change is not made: its number was taken already."""
        login = None if link is None else self._logins.get(link)
        if login is None or login.requests.accept(request_id):
            return None
        return _REPEATED
