"""Serving: a node on its event loop, from its start until a signal ends it.

Without a keeper this process is the whole node; with one, `supervisor.py` starts it and the workers.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from idis.resolver import log
from idis.resolver.collector import hush
from idis.resolver.config import NodeConfig
from idis.resolver.node import Node
from idis.resolver.processes.precedence import answer_first

if TYPE_CHECKING:
    from idis.resolver.first_stage import FirstStage

# How long the loop may have to wait for a thread that computes, such as the store's writer under a burst of changes: whoever
# asks meanwhile waits as long. The usual 5 ms are five hundred answers.
SWITCH_S = 0.000_5

LEAVE = signal.SIGUSR1  # tells a worker that another one has taken its place


def run(config: NodeConfig, *, ready: Callable[[], None] | None = None, stage: FirstStage | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Args:
        config: the node.
        stage: what answers already; None: nothing does.
        ready: called once every port answers.

    Returns:
        0 after a clean stop.

    Raises:
        StoreError, ListenError: as `Node.start`.
        SupervisorError: a process of the node could not start, or two were ended by signals.
    """
    if config.node.has_keeper:
        from idis.resolver.processes import supervisor

        return supervisor.run(config, ready=ready)
    log.configure(config.node.log_level)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(serve(Node(config, stage=stage), ready))


async def serve(node: Node, ready: Callable[[], None] | None) -> int:
    """Run a node on this loop until a signal ends it; returns 0."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Callable[[], Awaitable[None]]] = loop.create_future()

    def end(how: Callable[[], Awaitable[None]]) -> None:
        if not ended.done():
            ended.set_result(how)

    loop.add_signal_handler(signal.SIGTERM, end, node.stop)
    if node.alone:
        loop.add_signal_handler(signal.SIGINT, end, node.stop)
        loop.add_signal_handler(signal.SIGHUP, node.renew)
    else:
        loop.add_signal_handler(LEAVE, end, node.leave)
    await node.start()
    sys.setswitchinterval(SWITCH_S)
    hush(hot=node.hot and not node.alone)
    if node.hot:
        answer_first()
    node.tell("ready")
    if ready is not None:
        ready()
    finish = await ended
    node.tell("stopping")
    await finish()
    node.tell("stopped")
    return 0


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: twice as fast on streams."""
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None
