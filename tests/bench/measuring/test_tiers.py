"""The split by tier, from replies made by hand."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from idis.bench.asking.load import Target
from idis.bench.measuring import tiers
from idis.bench.measuring.tiers import Hop, split_of
from idis.resolver.client_reply import Explanation, Reply, SilentError
from idis.resolver.recursion.resolved import Hop as Asked

TARGET = Target("127.0.0.1:1", "127.0.0.1", 1)


def _reply(seconds: float, source: str, *hops: tuple[str, int]) -> Reply:
    asked = tuple(Asked(server, "udp", "88.1/A", 1, micros) for server, micros in hops)
    return Reply("88.1/A", 1, (), "", "node", "udp", seconds, explanation=Explanation("recursive", source, 0.0, asked))


class _Client:
    """Answers from two lists: as it comes, and past the cache."""

    plain: ClassVar[list[Reply]] = []
    walked: ClassVar[list[Reply]] = []

    def __init__(self, *_: object, **__: object) -> None:
        self._plain, self._walked = iter(self.plain), iter(self.walked)

    async def __aenter__(self) -> _Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def resolve(self, identifier: str, *, explain: bool, authoritative: bool = False) -> Reply:
        reply = next(self._walked if authoritative else self._plain, None)
        if reply is None:
            raise SilentError("nobody there")
        return reply


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> type[_Client]:
    """In the place of the real one."""

    class Fresh(_Client):
        pass

    monkeypatch.setattr(tiers, "Client", Fresh)
    return Fresh


def test_hops_are_ordered_as_they_are_walked_and_summed(client: type[_Client]) -> None:
    """Root before enterprise, each with its median; what is in no hop is the node's own."""
    client.plain = [_reply(0.0001, "cache"), _reply(0.001, "upstream", ("root:1", 300))]
    client.walked = [
        _reply(0.001, "upstream", ("root:1", 300), ("enterprise:1", 500)),
        _reply(0.002, "upstream", ("root:1", 500), ("enterprise:1", 700)),
    ]
    split = asyncio.run(split_of(TARGET, ["88.1/A", "88.1/B"], "udp", 1.0))

    assert split is not None
    assert split.sources == {"cache": 1, "upstream": 1}
    assert split.hops == [Hop("root:1 udp", 2, 400, 500), Hop("enterprise:1 udp", 2, 600, 700)]
    assert (split.plain_us, split.walked_us) == (pytest.approx(550), pytest.approx(1_500))
    assert split.own_us == pytest.approx(500)


def test_server_that_does_not_explain_itself_has_no_split(client: type[_Client]) -> None:
    """Other software ignores the wish."""
    client.plain = [Reply("88.1/A", 1, (), "", "node", "udp", 0.001)]

    assert asyncio.run(split_of(TARGET, ["88.1/A"], "udp", 1.0)) is None


def test_silent_server_has_no_split(client: type[_Client]) -> None:
    """The measurement before it stands all the same."""
    assert asyncio.run(split_of(TARGET, ["88.1/A"], "udp", 1.0)) is None
