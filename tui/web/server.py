"""The page's server, on textual-serve. Everything comes from this machine, nothing from elsewhere.

What is added to textual-serve: foreign pages are refused (any web page may try to connect to a port
of this machine, and would play in the player's name), a tab whose app is gone says so, and nothing
is left behind when the server or a tab ends.
"""

import asyncio
import contextlib
import errno
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from tui.client.errors import Unreachable
from tui.terminal import TAB_DRIVER

_PAGE: Final = Path(__file__).with_name("page.html")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_HEARTBEAT_SECONDS: Final = 15
_GRACE_SECONDS: Final = 5


class Tab(AppService):
    """The app behind one tab; when either ends, so does the other."""

    def __init__(
        self, words: Sequence[str], *, grace: float = _GRACE_SECONDS, **wiring: Any
    ) -> None:
        super().__init__(words[0], **wiring)
        self._words = words
        self._grace = grace

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        # No shell: its quoting differs between systems, and it would outlive what it runs.
        environment = self._build_environment(width, height)
        process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={**environment, "TEXTUAL_DRIVER": TAB_DRIVER},
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def run(self) -> None:
        """Shows the app's drawings until it ends, however it ends."""
        try:
            await super().run()
        finally:
            await self.remote_close()

    async def stop(self) -> None:
        """Asks the app to end, and sees to it."""
        # First: asking waits until the app's output ends, and that of one that hangs does not.
        killing = asyncio.get_running_loop().call_later(self._grace, self._kill)
        await super().stop()
        if self._process is not None:
            await self._process.wait()
        killing.cancel()

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


class PageServer(Server):
    """Serves the page, and an app to each tab that opens it."""

    def __init__(self, words: Sequence[str], host: str, port: int) -> None:
        super().__init__(words[0], host=host, port=port)
        self._words = words
        self._sockets: set[web.WebSocketResponse] = set()

    async def run(self) -> None:
        """Serves until the program is asked to end.

        Raises:
            Unreachable: the address cannot be had.
        """
        ending = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows
                asyncio.get_running_loop().add_signal_handler(each, ending.set)
        runner = web.AppRunner(await self._make_app(), access_log=None)
        await runner.setup()
        try:
            await self._listen(runner)
            await ending.wait()
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "another program uses it" if taken else error.strerror or error
            raise Unreachable(f"No page at port {self.port} of {self.host}: {why}.") from error
        host = f"[{self.host}]" if ":" in self.host else self.host
        # The port that was really given, where any would do.
        print(f"open http://{host}:{runner.addresses[0][1]} in a browser", flush=True)  # noqa: T201 (a command line)
        if self.host not in _LOOPBACK:
            warning = "Whoever can reach this page plays in your name, with your seats."
            print(f"noughts-tui: {warning}", file=sys.stderr)  # noqa: T201 (a command line)

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing: what there is to say is said when the port is known."""

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002 (overridden)
        """Closes every tab."""
        for socket in tuple(self._sockets):
            await socket.close()

    async def handle_index(self, request: web.Request) -> web.FileResponse:  # noqa: ARG002 (overridden)
        """The page."""
        return web.FileResponse(_PAGE)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The screen and the keys of one tab, for as long as it is open."""
        if not self._is_from_our_page(request):
            raise web.HTTPForbidden(text="Only this server's own page may connect.")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS)
        await socket.prepare(request)
        tab = Tab(
            self._words,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=socket.close,
            download_manager=self.download_manager,
        )
        self._sockets.add(socket)
        try:
            width, height = (to_int(request.query.get(side, ""), 0) for side in ("width", "height"))
            await tab.start(width or 80, height or 24)
            await self._process_messages(socket, tab)
        finally:
            self._sockets.discard(socket)
            await tab.stop()
        return socket

    def _is_from_our_page(self, request: web.Request) -> bool:
        """Whether a program asks, or a page that came from here.

        A page from elsewhere can give its own name this machine's address; on loopback only the
        names of this machine count.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            return True  # no browser
        page = urlsplit(origin)
        if self.host in _LOOPBACK and page.hostname not in _LOOPBACK:
            return False
        return page.netloc == request.host


def main(words: Sequence[str], host: str, port: int) -> int:
    """Serves the program that ``words`` start, until it is asked to end.

    Raises:
        Unreachable: the address cannot be had.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(PageServer(words, host, port).run())
    return 0
