"""Group commit: whoever came while one group was being served and written goes with the next.

One worker thread serves the groups, so that the event loop never waits for the disk. There is no
timer: while nothing is under way a call is a group of its own.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

C = TypeVar("C")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[C]):
    call: C
    delivered: "asyncio.Future[None]"


class Groups(Generic[C, R]):
    """Calls in groups.

    ``serve`` gets those of one, in order of arrival, in the worker thread, and returns a result for
    each. ``deliver`` then gets each with its result, in the same order, in the event loop. Neither
    raises.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[C]], Sequence[R]],
        deliver: Callable[[C, R], None],
    ) -> None:
        self._serve = serve
        self._deliver = deliver
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="handler")
        self._waiting: list[_Waiting[C]] = []
        self._serving: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many calls wait for the group that is under way."""
        return len(self._waiting)

    def put(self, call: C) -> "asyncio.Future[None]":
        """Puts a call into the next group; done when its result is delivered."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(call, loop.create_future())
        self._waiting.append(waiting)
        if self._serving is None or self._serving.done():
            # A task begins after what is ready now: all that came by then is one group.
            self._serving = loop.create_task(self._serve_all())
        return waiting.delivered

    async def drain(self) -> None:
        """Waits until the result of every call made so far is delivered."""
        if self._serving is not None:
            await self._serving

    def close(self) -> None:
        """Frees the worker. No call may follow."""
        self._worker.shutdown()

    async def _serve_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            calls = [waiting.call for waiting in group]
            results = await loop.run_in_executor(self._worker, self._serve, calls)
            for waiting, result in zip(group, results, strict=True):
                self._deliver(waiting.call, result)
                if not waiting.delivered.done():
                    waiting.delivered.set_result(None)
