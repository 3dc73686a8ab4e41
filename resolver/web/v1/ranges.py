"""Ranges of prefixes answered elsewhere (`/ranges`)."""

from __future__ import annotations

from typing import Any

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.registry.caller import Action
from idis.registry.registration import prefix_acts
from idis.registry.registration.checks import Refusal
from idis.registry.registration.prefix_acts import PrefixAct, RangeDone, perform_prefix
from idis.registry.registration.prefix_queries import list_ranges
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn, RecordDamaged, StoreError, WriteTxn
from idis.resolver.web.v1.asking import decide
from idis.resolver.web.v1.common_model import Done
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.operation import Call, Operation, Reply
from idis.resolver.web.v1.prefix_model import ListRangesParameters, PutRange, RangeModel, RangePage, RangePath
from idis.resolver.web.v1.prefix_views import range_model
from idis.resolver.web.v1.site_model import sites_of
from idis.resolver.web.v1.writing import Change, commit

GROUP = "ranges 前缀范围"


async def list_them(call: Call[ListRangesParameters, None]) -> Reply | Refusal:
    """Ranges, page by page."""
    asked = call.parameters
    below = fold(asked.below or "")
    subject = f"ranges {below}"
    after = (read_cursor(subject, asked.cursor) or b"").decode()

    def question(txn: ReadTxn, groups: Groups) -> RangePage | Refusal | Unknown:
        page = list_ranges(txn, call.caller, below, after, asked.limit, groups)
        if isinstance(page, Refusal | Unknown):
            return page
        cursor = make_cursor(subject, page.after.encode()) if page.after else None
        return RangePage(tuple(map(range_model, page.ranges)), cursor)

    return await decide(call, question)


async def put_range(call: Call[RangePath, PutRange]) -> Reply | Refusal:
    """Let sites elsewhere answer for a range."""
    body = call.body
    act = prefix_acts.DelegateRange(call.parameters.start, body.end, sites_of(body.sites, "#/sites"), body.ttl_s)

    def reply(done: RangeDone) -> Reply:
        assert done.route is not None, "it was made"
        return Reply(range_model(done.route), version=done.route.version)

    return await commit(call, _change(call, act), reply)


async def withdraw(call: Call[RangePath, None]) -> Reply | Refusal:
    """End the delegation of a range."""
    return await commit(call, _change(call, prefix_acts.WithdrawRange(call.parameters.start)), lambda _: Reply(Done(True)))


def _change(call: Call[Any, Any], act: PrefixAct) -> Change[RangeDone]:
    caller, now = call.caller, call.now

    def change(txn: WriteTxn, groups: Groups) -> RangeDone | Refusal | Unknown:
        try:
            result = perform_prefix(txn, act, caller, now, groups=groups)
        except RecordDamaged:
            raise
        except StoreError as overlap:  # nothing else is wrong with a range that was judged
            return Refusal(ResponseCode.ERROR, str(overlap))
        assert isinstance(result, RangeDone | Refusal | Unknown), "what is done to a range is one"
        return result

    return change


_GRANT = "ADD_DERIVED_PREFIX on the parent: its administrators, operators of this node"

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        name="listRanges",
        method="GET",
        path="/ranges",
        group=GROUP,
        summary=("list ranges of prefixes", "前缀范围列表"),
        may="LIST_HANDLES on the prefix above; auditors and operators",
        answer=list_them,
        parameters=ListRangesParameters,
        response=RangePage,
        successes=((200, "one page"),),
        refusals=(404,),
        action=Action.PREFIX,
    ),
    Operation(
        name="putRange",
        method="PUT",
        path="/ranges/{start}",
        group=GROUP,
        summary=("delegate a range of prefixes", "配置范围路由"),
        detail="Ranges do not overlap; a prefix of its own goes before the range it lies in.",
        may=_GRANT,
        answer=put_range,
        parameters=RangePath,
        request=PutRange,
        response=RangeModel,
        successes=((200, "the range"),),
        refusals=(404, 409, 422),
        action=Action.PREFIX,
    ),
    Operation(
        name="withdrawRange",
        method="DELETE",
        path="/ranges/{start}",
        group=GROUP,
        summary=("end the delegation of a range", "撤销范围路由"),
        may=_GRANT,
        answer=withdraw,
        parameters=RangePath,
        response=Done,
        successes=((200, "it is ended"),),
        refusals=(404, 409),
        action=Action.PREFIX,
    ),
)
