"""The game in a browser, without one: the page, and what a tab says to the server and back."""

import asyncio
import json
import os
import re
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual_serve.download_manager import DownloadManager
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from backend.local.gateway import serve
from backend.local.sqlite import SqliteStore
from tests.backend.local.peer import peer
from tui.web import server

PATIENCE_SECONDS = 30
CODE = re.compile(r" join (\w{6})")


@dataclass
class Page:
    """A running ``noughts-tui web``, and the game server that it plays on."""

    process: asyncio.subprocess.Process
    url: str
    game_url: str

    def get(self, path: str = "/") -> bytes:
        with urllib.request.urlopen(f"{self.url}{path}") as answer:  # noqa: S310 (our own)
            body: bytes = answer.read()
        return body

    def connect(self, origin: str) -> connect:
        address = f"{self.url.replace('http', 'ws')}/ws?width=80&height=24"
        return connect(address, additional_headers={"Origin": origin}, proxy=None)


class Tab:
    """A browser tab: gets what is drawn, sends what is typed."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.drawn = ""

    async def sees(self, pattern: str) -> re.Match[str]:
        """Waits until something is drawn that has not been looked for yet."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := re.search(pattern, self.drawn)):
                drawing = await self.socket.recv()
                if isinstance(drawing, bytes):
                    self.drawn += re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", drawing.decode())
        self.drawn = self.drawn[found.end() :]
        return found

    async def types(self, text: str) -> None:
        await self.socket.send(json.dumps(["stdin", text]))

    async def plays(self, digit: str) -> None:
        """Moves when it is this tab's turn, and sees that it no longer is."""
        await self.sees("Your turn")
        await self.types(digit)
        await self.sees("is thinking")

    async def is_closed(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.socket.wait_closed()


@asynccontextmanager
async def tab(page: Page) -> AsyncIterator[Tab]:
    async with page.connect(page.url) as socket:
        yield Tab(socket)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    with closing(SqliteStore(tmp_path / "games.sqlite")) as store:
        async with serve(store) as gateway:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tui", "web", "--port", "0", "--url", gateway.url),
                stdout=asyncio.subprocess.PIPE,
                env={
                    **os.environ,
                    "NOUGHTS_TUI_HOME": str(tmp_path),
                    "TEXTUAL_ANIMATIONS": "none",
                },
            )
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            assert line.startswith("open http://127.0.0.1:")
            try:
                yield Page(process, line.split()[1], gateway.url)
            finally:
                if process.returncode is None:
                    process.send_signal(signal.SIGINT)
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        assert await process.wait() == 0


async def hosts(host: Tab) -> str:
    """Starts a game and returns its code."""
    await host.sees("New game")
    await host.types("n")
    await host.sees("Start")
    await host.types("\r")
    return (await host.sees(CODE.pattern))[1]


async def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    """The page, its font and its terminal come from this machine, so that it works offline."""
    html = (await asyncio.to_thread(page.get)).decode()
    assert "noughts" in html
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", html) == []
    parts = re.findall(r'"(static/[^"]+)"', html)
    assert len(parts) == 3
    for part in parts:
        assert await asyncio.to_thread(page.get, f"/{part}")


async def test_two_tabs_play(page: Page) -> None:
    """Two tabs of one browser meet at a table; each has its own seat, and gets it back."""
    async with tab(page) as ada:
        code = await hosts(ada)
        async with tab(page) as bob:
            await bob.sees("New game")
            await bob.types("j")
            await bob.sees("K7QF2M")  # what a code looks like
            await bob.types(f"{code.lower()}\r")
            await ada.plays("5")
            await bob.plays("1")
        await ada.sees("lost the connection")
        async with tab(page) as again:
            await again.sees(f"Resume {code}")
            await again.types("r")
            await again.sees("is thinking")
            await ada.plays("4")
            await again.plays("2")
            await ada.sees("Your turn")
            await ada.types("6")
            await again.sees("Player X wins")
    async with peer(page.game_url) as onlooker:
        game = (await onlooker.ask(type="watch", id=code))["game"]
    assert (game["status"], game["moves"]) == ("won", "40315")


async def test_a_tab_says_that_its_app_has_ended(page: Page) -> None:
    """A tab whose app has ended is closed by the server, and does not stand there as if alive."""
    async with tab(page) as ada:
        await ada.sees("New game")
        await ada.types("\x11")
        await ada.is_closed()


async def test_nothing_survives_the_server(page: Page) -> None:
    """When the page's server is killed its players are offline, not silently present for ever."""
    async with tab(page) as ada, peer(page.game_url) as bob:
        await bob.ask(type="join", id=await hosts(ada))
        await ada.sees("Your turn")
        page.process.kill()
        await page.process.wait()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (push := await bob.pushed())["type"] != "presence" or push["online"]:
                pass
    assert (push["mark"], push["game"]["players"]["x"]["away"]) == ("x", "lost")


async def test_an_interrupted_page_keeps_its_seats(page: Page, tmp_path: Path) -> None:
    """Ctrl+C ends the page and every game in it; their seats are kept."""
    async with tab(page) as ada, peer(page.game_url) as bob:
        code = await hosts(ada)
        await bob.ask(type="join", id=code)
        await ada.sees("Your turn")
        page.process.send_signal(signal.SIGINT)
        await ada.is_closed()
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await page.process.wait() == 0
            while (push := await bob.pushed())["type"] != "presence" or push["online"]:
                pass
    assert push["game"]["status"] == "playing"
    kept = json.loads((tmp_path / "state" / "seats.json").read_text(encoding="utf-8"))["seats"]
    assert [seat["id"] for seat in kept] == [code]


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "http://127.0.0.1:1", "null", "http://localhost.evil"]
)
async def test_foreign_pages_cannot_play(page: Page, origin: str) -> None:
    """No other web page can open a game in the player's name."""
    with pytest.raises(InvalidStatus) as caught:
        async with page.connect(origin):
            pass
    assert caught.value.response.status_code == 403


async def test_a_name_that_is_made_to_lead_here_does_not_help(page: Page) -> None:
    """A foreign page whose name leads to this machine's address is refused all the same."""
    port = page.url.rpartition(":")[2]
    name = f"rebound.example:{port}"
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    with closing(writer):
        writer.write(f"GET /ws HTTP/1.1\r\nHost: {name}\r\nOrigin: http://{name}\r\n\r\n".encode())
        assert b" 403 " in await reader.readline()


async def test_a_port_that_is_taken(page: Page) -> None:
    """A port that another program uses is one line and status 1."""
    port = page.url.rpartition(":")[2]
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui", "web", "--port", port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said = await second.communicate()
    sentence = f"noughts-tui: No page at port {port} of 127.0.0.1: another program uses it.\n"
    assert (second.returncode, said) == (1, (b"", sentence.encode()))


async def test_an_app_that_hangs_is_ended() -> None:
    """An app that no longer listens does not keep its tab, nor the page's server, from ending."""
    drawn = asyncio.Event()

    async def draw(_data: object) -> None:
        drawn.set()

    async def close() -> None:
        """As the browser's end would be closed."""

    hang = (
        "print('__GANGLION__\\nD\\0\\0\\0\\1x', end='', flush=True); import time; time.sleep(600)"
    )
    app = server.Tab(
        [sys.executable, "-c", hang],
        grace=0.05,
        write_bytes=draw,
        write_str=draw,
        close=close,
        download_manager=DownloadManager(),
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        await app.start(80, 24)
        await drawn.wait()
        await app.stop()
    assert app._process is not None
    assert app._process.returncode is not None
    assert app._process.returncode < 0
