"""What the gateway answers to plain HTTP: whether it is well, and what it has counted.

Whoever asks for anything else is told what this is.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from importlib import metadata
from typing import Final

from websockets.http11 import Request

from backend.local.metrics import CONTENT_TYPE, Tally
from shared.constants import PROGRAM, PROTOCOL_VERSION

HEALTH: Final = "/health"
METRICS: Final = "/metrics"
PROTOCOL: Final = "/protocol"

_PATIENCE_SECONDS: Final = 5
_METHODS: Final = ("GET", "HEAD")
# What a proxy adds to a request that it passes on.
_OF_A_PROXY: Final = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response; ``kind`` is its media type."""

    status: HTTPStatus
    text: str
    kind: str = "text/plain"


WRONG_METHOD: Final = Answer(
    HTTPStatus.METHOD_NOT_ALLOWED, "Only GET and HEAD are answered here.\n"
)
NO_SUCH_PAGE: Final = Answer(HTTPStatus.NOT_FOUND, "There is no such page here.\n")
NO_UPGRADE: Final = Answer(
    HTTPStatus.UPGRADE_REQUIRED,
    "A proxy in front of this game server does not pass on the headers Upgrade and Connection;"
    " its operator finds how to in docs/serve.md.\n",
)

Values = Mapping[str, float]
"""Values of one gauge by label, which is ``name="value"`` or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Answers the pages. ``is_writable`` and ``counts`` may block; they run in a thread.

    ``games`` is the id of the store, ``counts`` are its games by status. ``is_public`` is whether
    ``/metrics`` is answered to this machine's programs at the players' port.
    """

    tally: Tally = field(default_factory=Tally)
    games: str = ""
    is_writable: Callable[[], bool] = lambda: True
    counts: Callable[[], Values] = dict
    size: Callable[[], int] = lambda: 0
    is_public: bool = True

    async def answer(self, request: Request, connected: int, *, is_own: bool) -> Answer | None:
        """The page that is asked for; None where there is none.

        ``is_own`` is whether a program of this machine asks.
        """
        path = path_of(request)
        if path not in {HEALTH, METRICS, PROTOCOL}:
            return None
        if request.method not in _METHODS:
            return WRONG_METHOD
        if path == HEALTH:
            return health(self.games, is_well=await self.is_well())
        if path == PROTOCOL:
            return protocol()
        shown = self.is_public and is_own and not is_through_a_proxy(request)
        return await self.metrics(connected) if shown else NO_SUCH_PAGE

    async def is_well(self) -> bool:
        """Whether a game can be stored."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await asyncio.to_thread(self.is_writable)
        except TimeoutError:
            return False

    async def metrics(self, connected: int) -> Answer:
        """Everything counted, in the text format of Prometheus."""
        counts = await asyncio.to_thread(self.counts)
        text = self.tally.text(
            [
                ("connections", "Open connections.", {"": connected}),
                ("games", "Stored games by status.", counts),
                ("store_writable", "Whether a game can be stored.", {"": await self.is_well()}),
                ("file_bytes", "Size of the games' file.", {"": self.size()}),
                ("build_info", "The version.", {f'version="{version()}"': 1}),
            ]
        )
        return Answer(HTTPStatus.OK, text, CONTENT_TYPE)


def remembered(
    call: Callable[[], bool], seconds: float, now: Callable[[], float] = time.monotonic
) -> Callable[[], bool]:
    """The call, whose yes counts for so long: whoever asks often makes no work by it."""
    good_until = float("-inf")

    def ask() -> bool:
        nonlocal good_until
        if now() < good_until:
            return True
        is_good = call()
        if is_good:
            good_until = now() + seconds
        return is_good

    return ask


def path_of(request: Request) -> str:
    """The path without its query and a slash at its end."""
    return request.path.partition("?")[0].rstrip("/")


def is_stripped_handshake(request: Request) -> bool:
    """Whether this was the beginning of a WebSocket before a proxy dropped its headers."""
    return "Sec-WebSocket-Key" in request.headers and "Upgrade" not in request.headers


def is_through_a_proxy(request: Request) -> bool:
    """Whether some proxy says that it passes this request on."""
    return any(name in request.headers for name in _OF_A_PROXY)


def health(games: str, *, is_well: bool) -> Answer:
    """Who answers here, and whether a game can be stored."""
    said = {
        "service": PROGRAM,
        "protocol": PROTOCOL_VERSION,
        "version": version(),
        "games": games,
    }
    status = HTTPStatus.OK
    if not is_well:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        said["fault"] = "The games cannot be stored at the moment."
    return Answer(status, json.dumps(said) + "\n", "application/json")


@cache
def protocol() -> Answer:
    """The wire protocol as AsyncAPI, for whoever writes a client of this very server."""
    from shared.asyncapi import asyncapi  # noqa: PLC0415 (hardly anybody asks)

    return Answer(HTTPStatus.OK, json.dumps(asyncapi(), indent=1) + "\n", "application/json")


def version() -> str:
    try:
        return metadata.version(PROGRAM)
    except metadata.PackageNotFoundError:
        return "unknown"
