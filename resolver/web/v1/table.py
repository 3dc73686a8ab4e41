"""Every operation of `/api/v1`, in the order of the page."""

from __future__ import annotations

from typing import Any

from idis.resolver.web.v1 import node, records
from idis.resolver.web.v1.operation import Operation

OPERATIONS: tuple[Operation[Any, Any], ...] = (*records.OPERATIONS, *node.OPERATIONS)
