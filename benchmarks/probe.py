"""Measures on a deployed endpoint what no document settles about API Gateway.

``python -m benchmarks.probe wss://… [--probe wss://…] [--report FILE]`` asks the game's endpoint,
and that of the probe's own stack, and writes a report. The embedded gateway has had to choose an
answer to each question; the report says where AWS answers otherwise. With ``--slow`` it also waits
for the idle limit, which takes a quarter of an hour.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

PATIENCE_SECONDS: Final = 40
"""Longer than the 29 s that API Gateway waits for a function."""
FLOOD: Final = 1000
"""Frames at once. The probe's stage takes 20 a second, the embedded gateway 50."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long some questions wait, seconds; ``silence`` is for what may never be answered."""

    idle: float = 690
    ping: float = 60
    silence: float = 10


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where to ask. Without ``probe`` some questions stay open."""

    game: str
    probe: str | None = None
    slow: bool = False
    waits: Waits = field(default_factory=Waits)


Ask = Callable[[Endpoints], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Question:
    """``chosen`` is what the embedded gateway does, unverified."""

    name: str
    chosen: str
    ask: Ask


class NotAsked(Exception):
    """The question needs what was not given."""


# The game's own endpoint


async def idle(endpoints: Endpoints) -> str:
    """What becomes of a silent connection, and of one that only sends ping frames."""
    if not endpoints.slow:
        raise NotAsked("needs --slow")
    silent, pinging = await asyncio.gather(
        _outlasts(endpoints, None), _outlasts(endpoints, endpoints.waits.ping)
    )
    return f"silent: {silent}; pinging: {pinging}"


async def _outlasts(endpoints: Endpoints, every: float | None) -> str:
    began = time.monotonic()
    async with _connected(endpoints.game, ping_interval=every, ping_timeout=None) as socket:
        try:
            async with asyncio.timeout(endpoints.waits.idle):
                await socket.recv()
        except TimeoutError:
            return f"open after {endpoints.waits.idle:g} s"
        except ConnectionClosed as closed:
            return f"{_end(closed)} after {time.monotonic() - began:.0f} s"
    return "a frame came"


async def replies_in_order(endpoints: Endpoints) -> str:
    """Whether frames of one connection are answered in the order in which they were sent."""
    async with _connected(endpoints.game) as socket:
        for ref in range(50):
            await socket.send(json.dumps({"type": "ping", "ref": f"{ref}"}))
        refs = [int((await _answer(socket)).get("ref", -1)) for _ in range(50)]
    overtaken = sum(later < earlier for earlier, later in pairwise(refs))
    return "in order" if not overtaken else f"out of order ({overtaken} of 49 overtaken)"


async def platform_route(endpoints: Endpoints) -> str:
    """What a frame does that names one of the platform's own routes."""
    return await _told(endpoints.game, '{"type": "$disconnect", "ref": "1"}')


async def binary(endpoints: Endpoints) -> str:
    return await _told(endpoints.game, b'{"type": "ping"}')


async def large_frame(endpoints: Endpoints) -> str:
    return await _told(endpoints.game, json.dumps({"type": "ping", "text": "x" * 33 * 1024}))


# The probe's own stack


async def late(endpoints: Endpoints) -> str:
    return await _asked(endpoints, {"sleep": 31})


async def failing(endpoints: Endpoints) -> str:
    return await _asked(endpoints, {"fail": True})


async def other_status(endpoints: Endpoints) -> str:
    return await _asked(endpoints, {"status": 500})


async def flood(endpoints: Endpoints) -> str:
    """What a client is told whose frames are throttled, and whether it stays connected."""
    try:
        answers = await _flooded(endpoints, FLOOD * [{"type": "ping"}])
    except ConnectionClosed as closed:
        return _end(closed)
    notices = sorted({f"{one['message']}" for one in answers if "message" in one})
    served = sum("message" not in one for one in answers)
    silent = FLOOD - len(answers)
    return f"{served} served, others told {notices}, {silent} unanswered, connection open"


async def throttled_apart(endpoints: Endpoints) -> str:
    """Whether a route has a limit of its own, or shares that of the stage."""
    others = [{"type": "other", "ref": "other"} for _ in range(10)]
    answers = await _flooded(endpoints, [*FLOOD * [{"type": "ping"}], *others])
    served = sum("other" in json.dumps(one) for one in answers)
    return f"{served} of {len(others)} frames served for another route"


async def _flooded(endpoints: Endpoints, requests: list[dict[str, str]]) -> list[dict[str, Any]]:
    """All that comes back for frames sent as fast as can be, until nothing comes for a while."""
    answers: list[dict[str, Any]] = []
    async with _connected(_probe(endpoints)) as socket:
        sending = asyncio.create_task(_send(socket, requests))
        try:
            while len(answers) < len(requests):
                answers.append(await _answer(socket, endpoints.waits.silence))
            await sending
        except TimeoutError:
            pass
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    return answers


async def _send(socket: ClientConnection, requests: list[dict[str, str]]) -> None:
    for request in requests:
        await socket.send(json.dumps(request))


async def push_before_reply(endpoints: Endpoints) -> str:
    """In which order a client gets its reply and what was pushed to it before."""
    async with _connected(_probe(endpoints)) as socket:
        await socket.send(json.dumps({"posts": 3}))
        frames = [await _answer(socket) for _ in range(4)]
    return ", ".join("reply" if "reply" in frame else f"push {frame['push']}" for frame in frames)


QUESTIONS: Final = (
    Question("Idle limit", "1001 Going away after 600 s; ping frames do not count", idle),
    Question("Frames of one connection", "in order", replies_in_order),
    Question("A frame for $disconnect", "the function answers unknown_type", platform_route),
    Question("Binary frames", "closed with 1003 Binary frames are not supported.", binary),
    Question(
        "A frame over 32 KB",
        "closed with 1009 Max frame length of 32768 has been exceeded.",
        large_frame,
    ),
    Question("A function that is too late", "Endpoint request timed out, or nothing", late),
    Question(
        "A function that fails", "the message Internal server error, connection open", failing
    ),
    Question("Status 500 with a body", "never sent: the game always answers 200", other_status),
    Question(
        "Throttled frames",
        "a frame with the message Too Many Requests, connection open",
        flood,
    ),
    Question("A flood on one route", "counts against all routes", throttled_apart),
    Question("Reply and earlier pushes", "the reply comes first", push_before_reply),
)


async def answers(endpoints: Endpoints) -> dict[str, str]:
    """What was found, by the question's name."""
    found = {}
    for question in QUESTIONS:
        try:
            found[question.name] = await question.ask(endpoints)
        except NotAsked as why:
            found[question.name] = f"not asked: {why}"
        except TimeoutError:
            found[question.name] = f"nothing within {PATIENCE_SECONDS} s"
        except (OSError, WebSocketException) as error:
            found[question.name] = f"failed: {error}"
    return found


def report(endpoint: str, found: dict[str, str]) -> str:
    """The report, in Markdown."""
    lines = [
        f"# What {endpoint} does",
        "",
        "| question | embedded gateway | measured |",
        "|---|---|---|",
    ]
    lines += [f"| {one.name} | {one.chosen} | {found[one.name]} |" for one in QUESTIONS]
    return "\n".join([*lines, ""])


def _probe(endpoints: Endpoints) -> str:
    if endpoints.probe is None:
        raise NotAsked("needs the endpoint of the probe's stack")
    return endpoints.probe


async def _asked(endpoints: Endpoints, request: dict[str, Any]) -> str:
    return await _told(_probe(endpoints), json.dumps(request))


async def _told(url: str, frame: str | bytes) -> str:
    """What one frame brings back, on a connection of its own."""
    async with _connected(url) as socket:
        try:
            await socket.send(frame)
            answer = await _answer(socket)
        except ConnectionClosed as closed:
            return _end(closed)
    said = answer.get("code") or answer.get("message") or json.dumps(answer)
    return f"{said}, connection open"


async def _answer(socket: ClientConnection, patience: float = PATIENCE_SECONDS) -> dict[str, Any]:
    async with asyncio.timeout(patience):
        answer: dict[str, Any] = json.loads(await socket.recv())
    return answer


def _end(closed: ConnectionClosed) -> str:
    received = closed.rcvd
    return f"closed with {received.code} {received.reason}".rstrip() if received else "cut off"


@asynccontextmanager
async def _connected(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    settings = {"compression": None, "ping_interval": None, **options}
    async with connect(url, **settings) as socket:
        yield socket


def main() -> int:
    parser = argparse.ArgumentParser(prog="make probe", description=__doc__)
    parser.add_argument("url", help="the game's websocketEndpoint")
    parser.add_argument("--probe", help="the probeEndpoint of the probe's stack")
    parser.add_argument("--slow", action="store_true", help="wait for the idle limit, too")
    parser.add_argument("--report", type=Path, help="where to write what is printed")
    chosen = parser.parse_args()
    endpoints = Endpoints(chosen.url, chosen.probe, chosen.slow)
    text = report(chosen.url, asyncio.run(answers(endpoints)))
    print(text)
    if chosen.report:
        chosen.report.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
