"""Fourth step: what this node's own registry says."""

from __future__ import annotations

import logging

from idis.proto.codes import ResponseCode
from idis.proto.outcome import Refused
from idis.registry import authority
from idis.registry.store.base import ReadTxn, RecordDamaged, StoreError
from idis.resolver.log import note
from idis.resolver.metrics import Metrics
from idis.resolver.request import Request, SiteRecord, Verdict


class Authority:
    """Asks the registry; GET_SITE_INFO gets the node's own site record."""

    def __init__(self, site: bytes, metrics: Metrics) -> None:
        self._site = site
        self._limited = metrics.limited

    def __call__(self, request: Request, txn: ReadTxn, now: int, verdict: Verdict) -> Verdict:
        """An outcome, unless a step before has decided."""
        if verdict is not None:
            return verdict
        if request.query is None:
            return SiteRecord(self._site)
        try:
            return authority.answer(request.query, txn, now, site=self._site)
        except RecordDamaged:
            # Never answered from; the scrub and the operator are told by the log.
            note(logging.ERROR, "record damaged", identifier=request.query.spelling)
            return Refused(ResponseCode.ERROR, "this record is damaged on this node and is being restored: ask again later")
        except StoreError as error:
            note(logging.ERROR, "store failed", error=str(error))
            return Refused(ResponseCode.ERROR, "this node cannot read its store")
