"""Keeps the records of templates in step with their readers' lists while the node runs (`registry/registration/relisting.py`)."""

from __future__ import annotations

import asyncio
import logging

from idis.registry.registration import relisting
from idis.registry.store.base import Store, StoreError
from idis.resolver.commits import Commits
from idis.resolver.log import note

LOOK_S = 0.5  # between two looks; how long after a change of lists, at most, the first records follow
REST_S = 0.001  # between two pieces: others write meanwhile


async def keep_relisted(store: Store, commits: Commits) -> None:
    """Look for templates whose lists have changed and write their records anew, for ever; ends by cancellation."""
    while True:
        known, failed = store.last_transaction, False
        try:
            with store.read() as txn:
                work = relisting.pending(txn)
            while work is not None:
                work = (await asyncio.wrap_future(store.write(relisting.step, actor=relisting.ACTOR))).result
                if work is not None and work.done:
                    note(logging.INFO, "readers' lists", template=work.template, seen=work.seen, changed=work.changed)
                await asyncio.sleep(REST_S)
        except StoreError as error:
            # A busy writer is a reason to wait; whatever is worse is told where it stops the node's own work, too.
            failed = True
            note(logging.WARNING, "readers' lists wait", error=str(error))
        await asyncio.sleep(LOOK_S)
        if not failed:
            await commits.beyond(known)
