"""Tries every promise against a server and reports each: kept, broken or not tried."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Final

from websockets.exceptions import WebSocketException

from tui.client.address import public_url
from tui.client.errors import Unreachable
from tui.client.failures import Way, describe
from tui.conformance import frames, lobby, moves, report, seats
from tui.conformance.caller import Broken, Untried, caller
from tui.conformance.desk import Desk, Promise
from tui.conformance.report import Result, Verdict

PARTS: Final = {
    "frames": frames.PROMISES,
    "seats": seats.PROMISES,
    "moves": moves.PROMISES,
    "lobby": lobby.PROMISES,
}
"""The promises by their part, in the order in which they are tried."""

_MOST_SECONDS: Final = 60
"""For one promise, whatever the server does."""
_FAILURES: Final = (Broken, KeyError, TypeError, ValueError, OSError, WebSocketException)


def promises() -> Iterator[tuple[str, Promise]]:
    """Every promise with its part."""
    for part, each in PARTS.items():
        yield from ((part, promise) for promise in each)


async def results(
    url: str,
    tried: Iterable[tuple[str, Promise]] | None = None,
    *,
    patience: float = 10,
    slow: bool = False,
) -> AsyncIterator[Result]:
    """Tries promises one after the other, each on connections and games of its own.

    ``patience`` is how long a frame is awaited, seconds. ``slow`` tries those that wait for clocks.
    """
    for part, promise in promises() if tried is None else tried:
        began = time.monotonic()
        verdict, why = await _tried(promise, Desk(url, patience=patience, slow=slow))
        sentence = " ".join((promise.__doc__ or "").split())
        seconds = time.monotonic() - began
        yield Result(part, _name(promise), sentence, verdict, seconds, why)


async def _tried(promise: Promise, desk: Desk) -> tuple[Verdict, str]:
    try:
        async with asyncio.timeout(_MOST_SECONDS), desk:
            await promise(desk)
    except Untried as reason:
        return "not tried", str(reason)
    except _FAILURES as failure:
        return "broken", _why(failure)
    return "kept", ""


def _why(failure: Exception) -> str:
    match failure:
        case Broken():
            return str(failure)
        case TimeoutError():
            return "an answer did not come in time"
        case KeyError():
            return f"an answer has no {failure}"
        case _:
            return f"the connection failed: {failure}"


def _name(promise: Promise) -> str:
    return getattr(promise, "__name__", repr(promise))


def main(url: str, *, junit: Path | None, slow: bool) -> int:
    """Prints each promise as it is tried; 1 when one was broken.

    Raises:
        Unreachable: nobody answers there at all.
    """
    found = asyncio.run(_report(url, slow=slow))
    print(report.summary(found))  # noqa: T201 (a report)
    if junit is not None:
        try:
            junit.write_text(report.junit(found, public_url(url)), encoding="utf-8")
        except OSError as error:
            raise Unreachable(f"{junit} cannot be written: {error.strerror or error}.") from error
    return int(any(result.verdict == "broken" for result in found))


async def _report(url: str, *, slow: bool) -> list[Result]:
    try:
        async with caller(url, patience=10):
            pass
    except (OSError, WebSocketException, TimeoutError) as error:
        raise Unreachable(describe(error, Way(url))) from error
    found = []
    async for result in results(url, slow=slow):
        print(report.text(result), flush=True)  # noqa: T201 (a report)
        found.append(result)
    return found
