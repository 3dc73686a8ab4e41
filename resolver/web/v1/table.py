"""Every operation of `/api/v1`, in the order of the page."""

from __future__ import annotations

from typing import Any

from idis.resolver.web.v1 import (
    across,
    audits,
    batches,
    codes,
    detections,
    docking,
    links,
    moving,
    node,
    notices,
    prefix_events,
    prefixes,
    ranges,
    records,
    roles,
    routes,
    templates,
    tokens,
    trace_jobs,
    traces,
)
from idis.resolver.web.v1.operation import Operation

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *records.OPERATIONS,
    *batches.OPERATIONS,
    *prefixes.OPERATIONS,
    *prefix_events.OPERATIONS,
    *ranges.OPERATIONS,
    *moving.OPERATIONS,
    *tokens.OPERATIONS,
    *roles.OPERATIONS,
    *audits.OPERATIONS,
    *traces.OPERATIONS,
    *across.OPERATIONS,
    *trace_jobs.OPERATIONS,
    *notices.OPERATIONS,
    *detections.OPERATIONS,
    *links.OPERATIONS,
    *routes.OPERATIONS,
    *codes.OPERATIONS,
    *templates.OPERATIONS,
    *docking.OPERATIONS,
    *node.OPERATIONS,
)
