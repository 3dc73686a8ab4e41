"""Questions of rights that change nothing: decided by the registrar, which fetches the groups that other nodes keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn
from idis.resolver.web.v1.operation import Call, Reply

T = TypeVar("T")


async def decide(
    call: Call[Any, Any], question: Callable[[ReadTxn, Groups], T | Refusal | Unknown], reply: Callable[[T], Reply] = Reply
) -> Reply | Refusal:
    """Answer a question.

    Args:
        call: whose question.
        question: a pure function of a snapshot and the groups known so far.
        reply: the answer to what it returns.
    """
    answer: T | Refusal = await call.face.registrar.decide(question)
    return answer if isinstance(answer, Refusal) else reply(answer)
