"""A headless Chromium, driven by its own protocol over a WebSocket; no driver need be installed."""

import asyncio
import base64
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
PATIENCE_SECONDS = 60
_ALONE = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
    "--remote-allow-origins=*",
)
_BLANK = "about:blank"


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._happened: set[str] = set()

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := await self._read()).get("id") != number:
            pass
        assert "error" not in answer, answer
        return dict(answer["result"])

    async def _read(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(await self._socket.recv())
        self._happened.add(said.get("method", ""))
        return said

    async def open(self, url: str) -> None:
        """Returns when the page is loaded."""
        await self.call("Page.enable")
        await self.call("Page.navigate", url=url)
        while "Page.loadEventFired" not in self._happened:
            await self._read()

    async def run(self, script: str) -> Any:
        """The value of an expression in the page, which may be a promise."""
        result = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, condition: str) -> None:
        """Returns when an expression is true; asked again whenever the page has been drawn."""
        wait = f"""new Promise((done) => {{
            const look = () => ({condition}) ? done(true) : requestAnimationFrame(look);
            look();
        }})"""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.run(wait)

    async def picture(self) -> bytes:
        """What the page looks like, as PNG."""
        shot = await self.call("Page.captureScreenshot")
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def chromium(url: str, profile: Path) -> AsyncIterator[Page]:
    """A browser that shows this page, with a profile of its own."""
    alone = [*_ALONE, *(["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else [])]
    browser = await asyncio.create_subprocess_exec(
        *(PROGRAM, *alone, f"--user-data-dir={profile}", _BLANK),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            endpoint = await _endpoint(browser)
            page = await _blank_page(endpoint)
        async with connect(page, max_size=None, proxy=None) as socket:
            shown = Page(socket)
            await shown.open(url)
            yield shown
    finally:
        browser.terminate()
        await browser.communicate()


async def _endpoint(browser: asyncio.subprocess.Process) -> str:
    """The address that the browser says it is driven at."""
    assert browser.stderr is not None
    while line := (await browser.stderr.readline()).decode():
        if line.startswith("DevTools listening on "):
            return line.removeprefix("DevTools listening on ").strip()
    raise AssertionError("the browser did not start")


async def _blank_page(endpoint: str) -> str:
    """The address of the tab that the browser opens first."""
    async with connect(endpoint, proxy=None) as socket:
        browser = Page(socket)
        while True:
            targets = (await browser.call("Target.getTargets"))["targetInfos"]
            for target in targets:
                if target["type"] == "page" and target["url"] == _BLANK:
                    origin = endpoint.partition("/devtools/")[0]
                    return f"{origin}/devtools/page/{target['targetId']}"
            await asyncio.sleep(0)
