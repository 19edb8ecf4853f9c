"""The embedded gateway, over real sockets: what a client sees is what API Gateway would show."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backend.core.ports import Gone
from backend.local.gateway import Gateway, Invoke, serve
from backend.local.limits import Limits
from backend.local.sqlite import SqliteStore
from tests.backend.local.peer import Peer, peer, seated
from tests.backend.memory import ManualClock, MemoryStore

ID = r"[A-Za-z0-9_-]{15}="


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def gateway(clock: ManualClock) -> AsyncIterator[Gateway]:
    async with serve(MemoryStore(), clock=clock, limits=Limits(rate=0)) as running:
        yield running


@pytest.fixture
async def ada(gateway: Gateway) -> AsyncIterator[Peer]:
    async with peer(gateway.url, user_agent_header="ada/1") as client:
        yield client


@pytest.fixture
async def bob(gateway: Gateway) -> AsyncIterator[Peer]:
    async with peer(gateway.url) as client:
        yield client


class Script:
    """A function behind the gateway that does as told, and what it was called with."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.does: Callable[[dict[str, Any]], str | None] = lambda _: None

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        self.loop.call_soon_threadsafe(self.events.put_nowait, event)
        body = self.does(event)
        return {"statusCode": 200} if body is None else {"statusCode": 200, "body": body}

    async def happened(self, kind: str) -> dict[str, Any]:
        """The next event of this kind."""
        while (event := await self.events.get())["requestContext"]["eventType"] != kind:
            pass
        return event


@pytest.fixture
async def script() -> Script:
    return Script()


def scripted(invoke: Invoke, clock: ManualClock, **limits: Any) -> Any:
    return serve(MemoryStore(), clock=clock, limits=Limits(**limits), invoke=invoke)


async def in_thread(call: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(call, *arguments)


# The game


async def test_two_play_over_sockets(ada: Peer, bob: Peer) -> None:
    """Two players find each other by the code and see each other's moves."""
    code = await seated(ada, bob)
    mine = await ada.ask(type="play", id=code, tile="1,1", after="")
    theirs = await bob.pushed()
    assert mine == theirs
    assert (mine["type"], mine["mark"], mine["game"]["moves"]) == ("play", "x", "4")


async def test_a_lost_connection_shows_at_the_table(ada: Peer, bob: Peer) -> None:
    """Who loses the connection is shown as away, not as having left."""
    await seated(ada, bob)
    ada.socket.transport.abort()
    seen = await bob.pushed()
    assert (seen["type"], seen["mark"], seen["online"]) == ("presence", "x", False)
    assert seen["game"]["players"]["x"]["away"] == "lost"


async def test_a_push_does_not_wait_for_a_reply_to_be_acknowledged(
    gateway: Gateway, ada: Peer
) -> None:
    """Small frames leave at once, however many are on their way."""
    await ada.ask(type="ping")
    (client,) = gateway._clients.values()
    plain = client.socket.transport.get_extra_info("socket")
    assert plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_any_path_is_the_api(gateway: Gateway) -> None:
    """An address with a stage in it works as well."""
    async with peer(f"{gateway.url}/prod?x=1") as client:
        assert (await client.ask(type="ping"))["type"] == "pong"


@pytest.mark.parametrize("kind", ["$disconnect", "$connect", "$default", "nonsense", 5, None])
async def test_the_platforms_routes_cannot_be_called(ada: Peer, kind: Any) -> None:
    """A client cannot ask for a route of the platform; it is told that there is no such request."""
    assert (await ada.ask(type=kind))["code"] == "unknown_type"


# Events


async def test_a_frame_becomes_the_platforms_event(script: Script, clock: ManualClock) -> None:
    """The function is called with what API Gateway would call it with."""
    body = '{"type": "play", "tile": 5}'
    async with (
        scripted(script, clock) as gateway,
        peer(gateway.url, user_agent_header="ada/1") as client,
    ):
        await client.socket.send(body)
        event = await script.happened("MESSAGE")
    context = event["requestContext"]
    ids = {name: context.pop(name) for name in ("requestId", "messageId", "connectionId")}
    assert all(re.fullmatch(ID, value) for value in ids.values())
    assert len(set(ids.values())) == 3
    assert context.pop("extendedRequestId") == ids["requestId"]
    assert event == {
        "requestContext": {
            "routeKey": "play",
            "eventType": "MESSAGE",
            "requestTime": "14/Nov/2023:22:13:20 +0000",
            "messageDirection": "IN",
            "stage": "local",
            "connectedAt": 1_700_000_000_000,
            "requestTimeEpoch": 1_700_000_000_000,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "ada/1"},
            "domainName": f"127.0.0.1:{gateway.port}",
            "apiId": "local",
        },
        "body": body,
        "isBase64Encoded": False,
    }


async def test_the_end_of_a_connection_becomes_an_event(script: Script, clock: ManualClock) -> None:
    """The function is told of the end of a connection, with headers and without a body."""
    async with scripted(script, clock) as gateway:
        async with peer(gateway.url, user_agent_header=None):
            clock.advance(seconds=5)
        event = await script.happened("DISCONNECT")
    host = f"127.0.0.1:{gateway.port}"
    context = event["requestContext"]
    assert re.fullmatch(ID, context.pop("connectionId"))
    assert re.fullmatch(ID, context["requestId"])
    assert context.pop("requestId") == context.pop("extendedRequestId")
    assert event == {
        "headers": {"Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""},
        "multiValueHeaders": {
            "Host": [host],
            "x-api-key": [""],
            "X-Forwarded-For": [""],
            "x-restapi": [""],
        },
        "requestContext": {
            "routeKey": "$disconnect",
            "disconnectStatusCode": 1000,
            "disconnectReason": "",
            "eventType": "DISCONNECT",
            "requestTime": "14/Nov/2023:22:13:25 +0000",
            "messageDirection": "IN",
            "stage": "local",
            "connectedAt": 1_700_000_000_000,
            "requestTimeEpoch": 1_700_000_005_000,
            "identity": {"sourceIp": "127.0.0.1"},
            "domainName": host,
            "apiId": "local",
        },
        "isBase64Encoded": False,
    }


async def _hang_up_without_code(client: Peer) -> None:
    client.socket.protocol.send_close()
    client.socket.send_data()


async def _hang_up_with_code(client: Peer) -> None:
    await client.socket.close(4001, "done")


async def _lose(client: Peer) -> None:
    client.socket.transport.abort()


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (_hang_up_without_code, (1005, "Client-side close frame status not set")),
        (_hang_up_with_code, (4001, "done")),
        (_lose, (1006, "Connection Closed Abnormally")),
    ],
)
async def test_the_function_is_told_how_it_ended(
    script: Script,
    clock: ManualClock,
    end: Callable[[Peer], Awaitable[None]],
    expected: tuple[int, str],
) -> None:
    """A client that says nothing, something or nothing any more is told apart."""
    async with scripted(script, clock) as gateway, peer(gateway.url) as client:
        await end(client)
        context = (await script.happened("DISCONNECT"))["requestContext"]
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == expected


@pytest.mark.parametrize(
    ("body", "route"),
    [
        ('{"type": "start"}', "start"),
        ('{"type": "$connect"}', "$default"),
        ('{"type": ["start"]}', "$default"),
        ("{}", "$default"),
        ("[]", "$default"),
        ("", "$default"),
        ("{" * 30_000, "$default"),
        ("[" * 30_000, "$default"),
    ],
)
async def test_the_type_selects_the_route(
    script: Script, clock: ManualClock, body: str, route: str
) -> None:
    """Every type of the protocol has its route; whatever else comes goes to the default one."""
    async with scripted(script, clock) as gateway, peer(gateway.url) as client:
        await client.socket.send(body)
        assert (await script.happened("MESSAGE"))["requestContext"]["routeKey"] == route


# Frames of the gateway


async def test_a_failing_function_is_told_of(
    script: Script, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A client whose request broke the function is told so, and stays connected."""

    def fail(_event: dict[str, Any]) -> str:
        raise RuntimeError("broken")

    async with scripted(script, clock) as gateway, peer(gateway.url) as client:
        script.does = fail
        await client.socket.send("{}")
        frame = str(await client.socket.recv())
        script.does = lambda _: "fine"
        await client.socket.send("{}")
        assert await client.socket.recv() == "fine"
    assert re.fullmatch(
        rf'{{"message": "Internal server error", "connectionId":"{ID}", "requestId":"{ID}"}}', frame
    )
    assert [record.message for record in caplog.records] == ["the handler failed"]


async def test_a_function_that_says_nothing_sends_nothing(
    script: Script, clock: ManualClock
) -> None:
    """An answer without a body, or with an empty one, is no frame."""
    async with scripted(script, clock) as gateway, peer(gateway.url) as client:
        answers = iter([None, "", "third"])
        script.does = lambda _: next(answers)
        for _ in range(3):
            await client.socket.send("{}")
        assert await client.socket.recv() == "third"


async def test_too_many_requests_are_refused(clock: ManualClock) -> None:
    """A client that asks too fast is told so, is not served, and may go on when it is slower."""
    async with (
        serve(MemoryStore(), clock=clock, limits=Limits(rate=2)) as gateway,
        peer(gateway.url) as client,
    ):
        for _ in range(5):
            await client.send(type="ping")
        frames = [await client.next() for _ in range(5)]
        assert [frame.get("type") for frame in frames] == [*["pong"] * 4, None]
        assert frames[-1]["message"] == "Too Many Requests"
        clock.advance(ms=500)
        assert (await client.ask(type="ping"))["type"] == "pong"


async def test_without_a_rate_nobody_is_too_fast(ada: Peer) -> None:
    """A rate of 0 lets everything through."""
    for _ in range(300):
        await ada.send(type="ping")
    assert {(await ada.next())["type"] for _ in range(300)} == {"pong"}


# Order


async def test_a_reply_comes_before_the_pushes_of_its_request(
    script: Script, clock: ManualClock
) -> None:
    """What a request pushes to its own sender follows the reply."""
    async with scripted(script, clock) as gateway, peer(gateway.url) as client:

        def answer(event: dict[str, Any]) -> str:
            for frame in ("first push", "second push"):
                gateway.outbox.post(event["requestContext"]["connectionId"], frame)
            return "reply"

        script.does = answer
        await client.socket.send("{}")
        frames = [await client.socket.recv() for _ in range(3)]
        script.does = lambda _: None
    assert frames == ["reply", "first push", "second push"]


async def test_what_a_failing_function_pushed_is_sent(
    script: Script, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A push that was accepted is sent, even when its function fails afterwards."""
    async with scripted(script, clock) as gateway, peer(gateway.url) as client:

        def push_and_fail(event: dict[str, Any]) -> str:
            gateway.outbox.post(event["requestContext"]["connectionId"], "pushed")
            raise RuntimeError("broken")

        script.does = push_and_fail
        await client.socket.send("{}")
        assert "Internal server error" in str(await client.socket.recv())
        assert await client.socket.recv() == "pushed"
        script.does = lambda _: None


async def test_frames_are_served_one_at_a_time(script: Script, clock: ManualClock) -> None:
    """The store never waits for itself: one worker serves what comes, in order of arrival."""
    threads = set()
    seen = []

    def note(event: dict[str, Any]) -> None:
        threads.add(threading.get_ident())
        seen.append(event.get("body"))

    async with scripted(script, clock) as gateway, peer(gateway.url) as client:
        script.does = note
        for number in range(50):
            await client.socket.send(str(number))
        for _ in range(50):
            await script.happened("MESSAGE")
    assert seen[:50] == [str(number) for number in range(50)]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_connection_that_is_gone_is_said_to_be(script: Script, clock: ManualClock) -> None:
    """A push to a connection that ended, or never was, is answered at once."""
    async with scripted(script, clock) as gateway:
        async with peer(gateway.url) as client:
            await client.socket.send("{}")
            name = (await script.happened("MESSAGE"))["requestContext"]["connectionId"]
            gateway.outbox.post(name, "hello")
        await script.happened("DISCONNECT")
        for connection in (name, "AAAAAAAAAAAAAAA=", ""):
            with pytest.raises(Gone):
                gateway.outbox.post(connection, "hello")


# Ends


async def test_a_binary_frame_ends_the_connection(ada: Peer) -> None:
    """Binary frames are not spoken here: 1003."""
    await ada.socket.send(b'{"type": "ping"}')
    assert (await ada.closed())[0] == 1003


async def test_a_frame_over_32_kb_ends_the_connection(ada: Peer) -> None:
    """The largest frame is answered, one byte more ends the connection in the platform's words."""
    await ada.socket.send("x" * 32_768)
    assert (await ada.next())["code"] == "too_large"
    await ada.socket.send("x" * 32_769)
    assert await ada.closed() == (1009, "Max frame length of 32768 has been exceeded.")


async def test_a_message_over_128_kb_ends_the_connection(ada: Peer) -> None:
    """Fragments make a message of at most 128 KB."""
    await ada.socket.send(["x" * 32_768] * 4)
    assert (await ada.next())["code"] == "too_large"
    await ada.socket.send([*["x" * 32_768] * 4, "x"])
    assert (await ada.closed())[0] == 1009


async def test_text_that_is_no_text_ends_the_connection(ada: Peer) -> None:
    """A text frame that is not UTF-8 is a broken client's: 1007."""
    await ada.socket.send(b"\xff\xfe", text=True)
    assert (await ada.closed())[0] == 1007


async def test_an_idle_connection_is_closed(
    gateway: Gateway, ada: Peer, bob: Peer, clock: ManualClock
) -> None:
    """Ten minutes without a frame in either direction are too long; pings do not count."""
    await seated(ada, bob)
    clock.advance(seconds=599)
    gateway.sweep()
    assert (await ada.ask(type="ping"))["type"] == "pong"
    await (await bob.socket.ping())
    clock.advance(seconds=1)
    gateway.sweep()
    assert await bob.closed() == (1001, "Going away")
    assert (await ada.pushed())["type"] == "presence"
    clock.advance(seconds=599)
    gateway.sweep()
    assert (await ada.ask(type="ping"))["type"] == "pong"


async def test_an_idle_connection_is_known_to_have_been(script: Script, clock: ManualClock) -> None:
    """The function is told that it was the platform that went away."""
    async with scripted(script, clock) as gateway, peer(gateway.url) as client:
        await client.socket.send("{}")
        await script.happened("MESSAGE")
        clock.advance(seconds=600)
        gateway.sweep()
        context = (await script.happened("DISCONNECT"))["requestContext"]
    assert context["disconnectStatusCode"] == 1001
    assert context["disconnectReason"] == "Going away"


async def test_no_connection_lives_for_more_than_two_hours(
    gateway: Gateway, ada: Peer, clock: ManualClock
) -> None:
    """However busy it is, a connection ends after two hours."""
    for _ in range(12):
        await ada.ask(type="ping")
        clock.advance(seconds=599)
        gateway.sweep()
    assert (await ada.ask(type="ping"))["type"] == "pong"
    clock.advance(seconds=12)
    gateway.sweep()
    assert await ada.closed() == (1001, "Going away")


async def test_when_the_gateway_ends_clients_are_told(clock: ManualClock) -> None:
    """The end of the gateway is 1001 for its clients, and their seats are marked lost."""
    store = MemoryStore()
    async with (
        serve(store, clock=clock) as gateway,
        peer(gateway.url) as ada,
        peer(gateway.url) as bob,
    ):
        code = await seated(ada, bob)
        await gateway.close()
        assert await ada.closed() == await bob.closed() == (1001, "Going away")
    match = store.games[code]
    assert (match.x.away, match.o.away) == ("lost", "lost")


async def test_thousands_who_end_with_the_gateway_need_not_be_told_of(
    script: Script, clock: ManualClock
) -> None:
    """Whoever sees to all seats at once need not wait until each connection has been told of."""
    async with serve(MemoryStore(), clock=clock, invoke=script, reports_its_end=False) as gateway:
        async with peer(gateway.url):
            pass
        await script.happened("DISCONNECT")
        ada = await connect(gateway.url, compression=None, proxy=None)
    await ada.wait_closed()
    assert script.events.empty()


async def test_what_was_asked_is_finished_before_the_end(
    script: Script, clock: ManualClock
) -> None:
    """A request that is being served when the gateway ends is stored and answered."""
    started, go_on = threading.Event(), threading.Event()

    def work(event: dict[str, Any]) -> str | None:
        started.set()
        go_on.wait(10)
        return "done" if "body" in event else None

    async with scripted(script, clock) as gateway, peer(gateway.url) as client:
        script.does = work
        await client.socket.send("{}")
        await in_thread(started.wait)
        closing = asyncio.create_task(gateway.close())
        await asyncio.sleep(0)
        go_on.set()
        assert await client.socket.recv() == "done"
        assert await client.closed() == (1001, "Going away")
        await closing


# HTTP


def _get(gateway: Gateway, path: str, **headers: str) -> tuple[int, str, str]:
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read().decode()
    finally:
        connection.close()


async def test_health_says_what_it_is(gateway: Gateway) -> None:
    """Whoever asks the port over HTTP learns that it is this game's."""
    status, kind, body = await in_thread(_get, gateway, "/health")
    said = json.loads(body)
    assert (status, kind) == (200, "application/json; charset=utf-8")
    assert (said["service"], said["protocol"]) == ("noughts-tui", 1)
    assert set(said) == {"service", "protocol", "version", "games"}


async def test_a_browser_window_is_told_what_to_use(gateway: Gateway) -> None:
    """Plain HTTP is told that this is a WebSocket server."""
    for path in ("/", "/index.html"):
        assert (await in_thread(_get, gateway, path))[0] == 426


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8002"])
async def test_no_web_page_can_play(gateway: Gateway, origin: str) -> None:
    """A page that a player has open cannot reach the gateway on the player's machine."""
    with pytest.raises(InvalidStatus) as refused:
        async with peer(gateway.url, origin=origin):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("allowed", ["https://play.example", "*"])
async def test_an_allowed_page_can_play(clock: ManualClock, allowed: str) -> None:
    """An origin that the operator allowed is let in."""
    async with (
        serve(MemoryStore(), clock=clock, origins=[allowed]) as gateway,
        peer(gateway.url, origin="https://play.example") as client,
    ):
        assert (await client.ask(type="ping"))["type"] == "pong"


# Abuse


async def test_one_address_has_so_many_connections(clock: ManualClock) -> None:
    """An address that has its connections gets no more of them until one ends."""
    limits = Limits(connections_per_address=2)
    async with (
        serve(MemoryStore(), clock=clock, limits=limits) as gateway,
        peer(gateway.url) as ada,
        peer(gateway.url),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with peer(gateway.url):
                pass
        assert refused.value.response.status_code == 429
        assert (await in_thread(_get, gateway, "/health"))[0] == 200
        await ada.socket.close()
        async with peer(gateway.url) as next_one:
            assert (await next_one.ask(type="ping"))["type"] == "pong"


async def test_who_says_nothing_is_counted_too(clock: ManualClock) -> None:
    """Connections that never become a WebSocket cannot use up the machine either."""
    limits = Limits(arrivals=4)
    async with serve(MemoryStore(), clock=clock, limits=limits) as gateway:
        silent = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(5)]
        assert await silent[0][0].read() == b""
        assert (await in_thread(_get, gateway, "/health"))[0] == 200
        for _, writer in silent:
            writer.close()
            await writer.wait_closed()


async def test_headers_that_are_sent_twice_do_no_harm(script: Script, clock: ManualClock) -> None:
    """Of a header that a client sends twice the first counts."""
    twice = [("User-Agent", "one"), ("User-Agent", "two"), ("Host", "elsewhere")]
    async with (
        scripted(script, clock) as gateway,
        peer(gateway.url, user_agent_header=None, additional_headers=twice) as client,
    ):
        await client.socket.send("{}")
        context = (await script.happened("MESSAGE"))["requestContext"]
    assert context["identity"]["userAgent"] == "one"
    assert context["domainName"] == f"127.0.0.1:{gateway.port}"


async def test_a_slow_handshake_is_given_up(clock: ManualClock) -> None:
    """Who connects and says nothing is not waited for."""
    limits = Limits(handshake_seconds=0.05)
    async with serve(MemoryStore(), clock=clock, limits=limits) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def _raw(gateway: Gateway) -> socket.socket:
    """A WebSocket of which nobody reads what comes in, with a small buffer of its own."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(plain, ("127.0.0.1", gateway.port))
    await loop.sock_sendall(
        plain,
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    assert b" 101 " in await loop.sock_recv(plain, 1024)
    return plain


def _masked(opcode: int, payload: bytes) -> bytes:
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload


async def _flood(plain: socket.socket, frame: bytes) -> None:
    """Sends a frame over and over until the gateway has had enough."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(20):
            while True:
                await loop.sock_sendall(plain, frame * 50)
    except (ConnectionResetError, BrokenPipeError):
        pass


@pytest.mark.parametrize("frame", [_masked(1, b'{"type": "list"}'), _masked(9, b"x" * 125)])
async def test_who_does_not_read_is_disconnected(
    script: Script, clock: ManualClock, frame: bytes
) -> None:
    """A client that asks or pings and never reads costs bounded memory, then its connection."""
    async with scripted(script, clock, rate=0) as gateway:
        script.does = lambda event: "x" * 1000 if "body" in event else None
        plain = await _raw(gateway)
        await _flood(plain, frame)
        assert (await script.happened("DISCONNECT"))["requestContext"][
            "disconnectStatusCode"
        ] == 1006
        plain.close()


async def test_pushes_to_who_does_not_read_end(script: Script, clock: ManualClock) -> None:
    """A watcher that stops reading is disconnected and does not hold up whoever plays."""
    async with scripted(script, clock, rate=0) as gateway:
        plain = await _raw(gateway)
        await asyncio.get_running_loop().sock_sendall(plain, _masked(1, b"{}"))
        deaf = (await script.happened("MESSAGE"))["requestContext"]["connectionId"]
        async with peer(gateway.url) as client:

            def push(event: dict[str, Any]) -> str | None:
                try:
                    gateway.outbox.post(deaf, "x" * 10_000)
                except Gone:
                    return "gone"
                return "sent"

            script.does = push
            answers: list[Any] = []
            while answers[-1:] != ["gone"]:
                await client.socket.send("{}")
                answers.append(await client.socket.recv())
        assert len(answers) < 100
        plain.close()


async def test_the_end_does_not_wait_for_who_does_not_read(
    script: Script, clock: ManualClock
) -> None:
    """A client that neither reads nor hangs up cannot keep the gateway from ending."""
    async with scripted(script, clock, rate=0, unread_bytes=2**24, close_seconds=0.1) as gateway:
        script.does = lambda event: "x" * 30_000 if "body" in event else None
        plain = await _raw(gateway)
        for _ in range(100):
            await asyncio.get_running_loop().sock_sendall(plain, _masked(1, b"{}"))
            await script.happened("MESSAGE")
        async with asyncio.timeout(10):
            await gateway.close()
        plain.close()


async def test_a_flood_of_tiny_frames_is_cut(script: Script, clock: ManualClock) -> None:
    """Tens of thousands of empty frames at once are not even looked at."""
    async with scripted(script, clock, rate=0, close_seconds=0.1) as gateway:
        plain = await _raw(gateway)
        await _flood(plain, _masked(1, b"") * 10_000)
        context = (await script.happened("DISCONNECT"))["requestContext"]
        plain.close()
    assert context["disconnectStatusCode"] == 1008


async def test_a_message_of_crumbs_is_cut(ada: Peer) -> None:
    """A message in thousands of empty fragments is not put together."""
    await ada.socket.send("" for _ in range(5000))
    assert (await ada.closed())[0] in {1008, 1009}


async def test_a_message_of_crumbs_is_cut_however_slow(ada: Peer) -> None:
    """Nor does a message grow without end that never has many fragments at once."""

    async def crumbs() -> AsyncIterator[str]:
        for number in range(20_000):
            yield ""
            if number % 1000 == 0:
                await (await ada.socket.ping())

    with pytest.raises(ConnectionClosed):
        await ada.socket.send(crumbs())
    assert (await ada.closed())[0] == 1009


async def test_compression_is_not_spoken(gateway: Gateway) -> None:
    """What cannot be compressed cannot be a decompression bomb."""
    async with peer(gateway.url, compression="deflate") as client:
        assert client.socket.protocol.extensions == []


async def test_games_outlive_the_gateway(tmp_path: Path) -> None:
    """A player resumes the seat at the next gateway, on the same file."""
    store = SqliteStore(tmp_path / "games")
    async with serve(store) as gateway, peer(gateway.url) as ada, peer(gateway.url) as bob:
        started = await ada.ask(type="start")
        await bob.ask(type="join", id=started["id"])
        await ada.ask(type="play", id=started["id"], tile="0,0")
    async with serve(store) as gateway, peer(gateway.url) as ada:
        back = await ada.ask(type="resume", id=started["id"], token=started["token"])
        assert (back["mark"], back["game"]["moves"]) == ("x", "0")
        assert back["game"]["players"]["o"]["online"] is False
    store.close()
