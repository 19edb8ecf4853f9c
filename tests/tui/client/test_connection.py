"""The connection: opened, judged, kept and replaced, whatever answers at the address."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidProxy

from backend.local.gateway import serve
from shared.board import Mark
from shared.messages import (
    Played,
    Presence,
    Replaced,
    Resumed,
)
from tests.backend.memory import MemoryStore
from tests.tui.client.bench import (
    TOKEN_O,
    Hourglass,
    seated,
    until,
)
from tests.tui.middleman import REFUSALS, middleman
from tests.tui.scripted import Server
from tests.tui.snapshots import CODE, NOW, game
from tui.client.address import Located
from tui.client.backoff import Backoff
from tui.client.client import Client, Unreachable
from tui.client.failures import Way, describe
from tui.client.seats import Seats
from tui.client.state import ClientState, ConnectionStatus, Happening
from tui.client.timing import Timing


async def test_nobody_listens(opened: Any) -> None:
    """Where nothing listens the client says so, and goes on trying."""
    client = await opened(url="ws://127.0.0.1:1", patience=0.05)
    with pytest.raises(Unreachable) as caught:
        await client.join(CODE)
    assert caught.value.sentence == "Nothing listens at ws://127.0.0.1:1."
    assert client.state.connection is ConnectionStatus.CONNECTING
    assert client.state.attempts > 0


async def test_a_server_that_is_none(opened: Any) -> None:
    """A program that does not speak the protocol is not tried again until the player says so."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as web:
        port = web.sockets[0].getsockname()[1]
        client = await opened(url=f"ws://127.0.0.1:{port}")
        state = await until(client, lambda state: state.connection is ConnectionStatus.FAILED)
        assert state.failure == f"ws://127.0.0.1:{port} refused the connection (HTTP 404)."
        with pytest.raises(Unreachable):
            await client.start()
        client.reconnect()
        await until(client, lambda state: state.connection is ConnectionStatus.CONNECTING)
        await until(client, lambda state: state.connection is ConnectionStatus.FAILED)


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("proxy", [False, True])
async def test_whoever_was_online_goes_on_trying(
    opened: Any, server: Server, monkeypatch: pytest.MonkeyPatch, refusal: str, proxy: bool
) -> None:
    """Whatever answers in place of the server or of the proxy, the game is found again."""
    async with middleman(server.url, proxy=proxy) as between:
        if proxy:  # without a scheme, as curl takes it too
            monkeypatch.setenv("ws_proxy", f"127.0.0.1:{between.port}")
        client = await opened(url="ws://server.test" if proxy else between.url)
        await seated(client, await server.accepts(), "0")
        between.refusal = REFUSALS[refusal]
        between.cut()
        await until(client, lambda state: state.attempts > 3 and between.refused > 1)
        assert client.state.connection is ConnectionStatus.RECONNECTING
        between.refusal = None
        request = await (peer := await server.accepts()).receives(id=CODE, token=TOKEN_O)
        await peer.replies(request, Resumed(id=CODE, mark=Mark.O, game=game("0"), now=NOW))
        await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)


@pytest.mark.parametrize(
    "failure",
    [
        OSError("no route"),
        socket.gaierror(socket.EAI_NONAME, "unknown name"),
        ssl.SSLCertVerificationError("another certificate"),
        ssl.SSLError("no TLS"),
        InvalidProxy("proxy", "no proxy"),
        UnicodeError("no name"),
        ImportError("no SOCKS"),
        Unreachable("Another program uses the port."),
        RuntimeError("a fault of our own"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_no_failure_ends_it_once_online(
    opened: Any, server: Server, failure: Exception
) -> None:
    """Names, certificates, proxies and even our own faults can be well again: it is tried again."""
    failures = [failure, failure]

    async def locate(_needed: str | None) -> Located:
        if server.count and failures:
            raise failures.pop()
        return Located(server.url, "here")

    client = await opened(url=locate)
    peer = await server.accepts()
    await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    await peer.vanishes()
    await server.accepts()
    state = await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    assert (failures, state.failure) == ([], None)


async def test_what_cannot_pass_is_tried_at_the_slowest_interval() -> None:
    """A server that refuses for an hour is asked every twenty seconds, not more and more often."""
    backoff = Backoff(0.5, 20, lambda: 0.5)
    assert [backoff.next() for _ in range(3)] == [0.5, 0.9, 1.62]
    backoff.slow_down()
    assert [backoff.next() for _ in range(3)] == [20, 20, 20]


@pytest.mark.parametrize("place", ["http://{}/game", "ws://{}/game", "//{}", "/game"])
async def test_a_server_that_has_moved(opened: Any, server: Server, place: str) -> None:
    """A redirect is followed to the websocket that a web address stands for."""
    host = server.url.removeprefix("ws://")
    async with middleman(server.url) as between:
        location = place.format(host if "{}" in place else "")
        between.refusal = f"HTTP/1.1 308 Moved\r\nLocation: {location}\r\n\r\n".encode()
        client = await opened(url=between.url)
        if place == "/game":
            await until(client, lambda state: state.connection is ConnectionStatus.FAILED)
            assert between.refused > 1
            assert "more than 10 redirects" in str(client.state.failure)
            return
        await server.accepts()
        await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://127.0.0.1:1/login", "{} sends its visitors on, but nothing listens at {}."),
        (
            "mailto:ada",
            "{} sends its visitors on to mailto:ada.",
        ),
    ],
)
async def test_a_server_that_points_to_none(opened: Any, location: str, said: str) -> None:
    """Where a server sends its visitors is said when nobody can follow."""
    async with middleman("ws://127.0.0.1:1") as between:
        between.refusal = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode()
        client = await opened(url=between.url)
        state = await until(client, lambda state: state.failure)
        assert state.failure == said.format(between.url, "ws://127.0.0.1:1")


async def test_the_address_is_asked_for_again(opened: Any, server: Server) -> None:
    """Each connection asks where the server is, so that an embedded one is started again."""
    asked: list[int] = []

    async def locate(_needed: str | None) -> Located:
        asked.append(len(asked))
        return Located(server.url, "here")

    client = await opened(url=locate)
    await (await server.accepts()).hangs_up()
    await server.accepts()
    await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    assert asked == [0, 1]


async def test_the_two_hour_limit_passes_unnoticed(
    opened: Any, server: Server, glass: Hourglass
) -> None:
    """A second connection takes the seats before the first is closed."""
    client = await opened(silence=10_000, silence_most=10_000)
    connections = []
    client.subscribe(lambda state, happening: connections.append(state.connection))
    old = await server.accepts()
    await seated(client, old, "0")
    connections.clear()
    await glass.asleep(110 * 60)
    glass.turn(110 * 60)
    new = await server.accepts()
    request = await new.receives(id=CODE, token=TOKEN_O)
    await old.says(Replaced(id=CODE))
    await new.replies(request, Resumed(id=CODE, mark=Mark.O, game=game("0", rev=4), now=NOW))
    await old.closes()
    playing = asyncio.create_task(client.play(CODE, 4))
    request = await new.receives(tile="1,1")
    await new.replies(request, Played(id=CODE, mark=Mark.O, tile="1,1", game=game("04"), now=NOW))
    await playing
    assert not client.state.tables[CODE].replaced
    assert set(connections) == {ConnectionStatus.ONLINE}


async def test_latency_is_measured(opened: Any, server: Server) -> None:
    """The time to the server and back is shown as soon as there is a connection."""
    client = await opened()
    await server.accepts()
    state = await until(client, lambda state: state.latency_ms is not None)
    assert state.latency_ms is not None
    assert 0 <= state.latency_ms < 5_000


PROXY = "The proxy of your environment cannot be used: "


SOCKS = "The proxy socks5h://127.0.0.1:9 cannot be used: "


async def test_swapped_connections_are_no_absence() -> None:
    """While connections grow old and are swapped, the opponent and the host notice nothing."""
    absences: list[Presence] = []
    dialled = asyncio.Semaphore(0)

    async with serve(MemoryStore()) as gateway:

        async def locate(_needed: str | None) -> Located:
            dialled.release()
            return Located(gateway.url, "here")

        def listen(_state: ClientState, happening: Happening) -> None:
            if isinstance(happening, Presence) and not happening.online:
                absences.append(happening)

        ageing = Timing(age=(0.02, 0.03))
        async with (
            Client(locate, Seats(None), timing=ageing) as ada,
            Client(gateway.url, Seats(None)) as bob,
        ):
            bob.subscribe(listen)
            game_id = (await ada.start()).id
            await bob.join(game_id)
            for cell, player in enumerate([ada, bob, ada, bob, ada]):
                await until(player, lambda state: state.tables[game_id].my_turn)
                await dialled.acquire()
                await player.play(game_id, cell)
            await until(bob, lambda state: state.tables[game_id].game.moves == "01234")
            assert not ada.state.tables[game_id].replaced
            assert absences == []


async def test_swapped_connections_of_hosts_and_watchers_are_no_absence() -> None:
    """A host who waits and a watcher change their connections: nobody is shown as gone."""
    absences: list[Presence] = []
    dialled = {name: asyncio.Semaphore(0) for name in ("host", "watcher")}

    def listen(_state: ClientState, happening: Happening) -> None:
        if isinstance(happening, Presence) and not happening.online:
            absences.append(happening)

    async with serve(MemoryStore()) as gateway:

        def locating(name: str) -> Callable[[str | None], Awaitable[Located]]:
            async def locate(_needed: str | None) -> Located:
                dialled[name].release()
                return Located(gateway.url, "here")

            return locate

        async def swapped(name: str) -> None:
            for _ in range(3):
                await dialled[name].acquire()

        ageing = Timing(age=(0.02, 0.03))
        async with (
            Client(locating("host"), Seats(None), timing=ageing) as ada,
            Client(locating("watcher"), Seats(None), timing=ageing) as eve,
            Client(gateway.url, Seats(None)) as bob,
        ):
            for client in (ada, bob, eve):
                client.subscribe(listen)
            game_id = (await ada.start()).id
            await eve.watch(game_id)
            await asyncio.gather(*map(swapped, dialled))
            await bob.join(game_id)
            await until(ada, lambda state: state.tables[game_id].my_turn)
            await ada.play(game_id, 4)
            await until(eve, lambda state: state.tables[game_id].game.moves == "4")
            assert absences == []


@pytest.mark.parametrize(
    ("proxy", "url", "sentence"),
    [
        (
            "socks5h://127.0.0.1:9",
            "wss://example.org/game",
            SOCKS + "connecting through a SOCKS proxy requires python-socks.",
        ),
        (
            "proxy:8080/path",
            "wss://example.org/game",
            "The proxy http://proxy:8080 cannot be used: path is meaningless.",
        ),
        (
            "proxy:99999",
            "wss://example.org/game",
            "The proxy http://proxy:99999 cannot be used: Port out of range 0-65535.",
        ),
        (
            "http://[::1",
            "wss://example.org/game",
            PROXY + "Invalid IPv6 URL.",
        ),
        (None, "wss://a..b/game", "wss://a..b/game is not the address of a server."),
        (None, "wss://:80/game", "wss://:80/game is not the address of a server."),
    ],
)
async def test_an_address_that_leads_nowhere(
    opened: Any, monkeypatch: pytest.MonkeyPatch, proxy: str | None, url: str, sentence: str
) -> None:
    """Whatever keeps the client from ever connecting is said, and it can be tried again."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    if proxy is not None:
        monkeypatch.setenv("https_proxy", proxy)
    client = await opened(url=url)
    state = await until(client, lambda state: state.connection is ConnectionStatus.FAILED)
    assert state.failure == sentence
    client.reconnect()
    await until(client, lambda state: state.connection is ConnectionStatus.CONNECTING)
    await until(client, lambda state: state.connection is ConnectionStatus.FAILED)


def test_a_certificate_of_another() -> None:
    """What is wrong with a certificate is one sentence, with one full stop."""
    error = ssl.SSLCertVerificationError()
    error.verify_message = "certificate is not valid for 'example.org'."
    assert describe(error, Way()) == (
        "The certificate of the server is not trusted: certificate is not valid for 'example.org'."
    )


async def test_a_second_connection_on_which_nobody_answers(
    opened: Any, server: Server, glass: Hourglass
) -> None:
    """Requests are not held up for long by a successor that opens and then says nothing."""
    client = await opened(silence=10_000, silence_most=10_000, reply=0.1)
    await seated(client, await server.accepts())
    await glass.asleep(110 * 60)
    glass.turn(110 * 60)
    silent = await server.accepts()
    await silent.closes()
    again = await server.accepts()
    request = await again.receives(id=CODE, token=TOKEN_O)
    await again.replies(request, Resumed(id=CODE, mark=Mark.O, game=game("4"), now=NOW))
    await until(client, lambda state: state.tables[CODE].game.moves == "4")


async def test_a_connection_lost_while_it_is_replaced(
    opened: Any, server: Server, glass: Hourglass, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second connection that comes a moment too late is closed and not left open beside."""
    ending = asyncio.Event()
    sleep = glass.sleep

    async def slow_to_end(seconds: float) -> None:
        try:
            await sleep(seconds)
        except asyncio.CancelledError:
            if seconds != 2 or ending.is_set():
                raise
            ending.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(glass, "sleep", slow_to_end)
    client = await opened(silence=10_000, silence_most=10_000)
    old = await server.accepts()
    await seated(client, old)
    await glass.asleep(110 * 60)
    glass.turn(110 * 60)
    new = await server.accepts()
    request = await new.receives(id=CODE, token=TOKEN_O)
    await glass.asleep(2)
    await new.replies(request, Resumed(id=CODE, mark=Mark.O, game=game(), now=NOW))
    await ending.wait()
    await old.vanishes()
    await new.closes()
    await server.accepts()


async def test_a_laptop_that_wakes(opened: Any, server: Server, glass: Hourglass) -> None:
    """After a sleep of the machine a dead connection is noticed at once."""
    now = [NOW]
    client = await opened(now_ms=lambda: now[0], wake=0.1)
    peer = await server.accepts()
    await until(client, lambda state: state.latency_ms is not None)
    await glass.asleep(2)
    peer.falls_silent()
    now[0] += 3_600_000
    glass.turn(2)
    await until(client, lambda state: state.connection is ConnectionStatus.RECONNECTING)
    await server.accepts()
