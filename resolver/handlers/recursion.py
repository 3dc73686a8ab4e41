"""Sixth step: what other nodes say about names that are not answered here."""

from __future__ import annotations

from idis.proto.codes import ResponseCode
from idis.proto.outcome import Referral, Refused
from idis.registry.store.base import ReadTxn
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.request import Later, Request, Verdict


class Recursion:
    """Answers from the cache at once; otherwise the verdict is to ask later."""

    def __init__(self, recursor: Recursor) -> None:
        self._recursor = recursor

    def __call__(self, request: Request, txn: ReadTxn, now: int, verdict: Verdict) -> Verdict:
        """What the authority decided stands, except when it sends the asker elsewhere."""
        query = request.query
        if query is None:
            return verdict
        match verdict:
            case Referral():
                return self._recursor.cached(query, now) or Later(query, verdict)
            case Refused(code=ResponseCode.SERVER_NOT_RESPONSIBLE):
                return self._recursor.cached(query, now) or Later(query)
            case _:
                return verdict
