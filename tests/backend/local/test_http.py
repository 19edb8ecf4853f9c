"""What the gateway answers to those who are no players: balancers, browsers, scrapers."""

import asyncio
import json
import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from backend.local.gateway import Gateway, serve
from backend.local.http import Desk, remembered
from backend.local.limits import Limits
from backend.local.listening import Door, Doors, listen
from shared.asyncapi import asyncapi
from tests.backend.local.peer import PATIENCE_SECONDS, peer
from tests.backend.memory import ManualClock, MemoryStore

LOOPBACK = (ip_network("127.0.0.0/8"),)
HANDSHAKE = {
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


async def ask(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], str]:
    """The status, headers and body of the answer to a request of plain HTTP."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", "Host: a", *(f"{k}: {v}" for k, v in named.items())]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    finally:
        writer.transport.abort()
    first, *rest = head.split("\r\n")
    told = dict(line.lower().split(": ", 1) for line in rest)
    return int(first.split()[1]), told, body


def metric(text: str, name: str) -> float:
    [value] = [line.split()[-1] for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(value)


@pytest.mark.parametrize("path", ["/health", "/health/", "/health?from=balancer", "/health/?"])
async def test_health_is_asked_in_many_ways(path: str) -> None:
    """A balancer may add a slash, a query, or ask for the head alone."""
    async with serve(MemoryStore()) as gateway:
        status, headers, body = await ask(gateway.port, path)
        assert (status, headers["cache-control"]) == (200, "no-store")
        asked = await ask(gateway.port, path, "HEAD")
    assert asked == (200, {**headers, "date": asked[1]["date"]}, "")
    assert headers["content-length"] == str(len(body))


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "BREW"])
async def test_health_is_only_read(method: str) -> None:
    """Other methods are refused with those that are allowed."""
    async with serve(MemoryStore()) as gateway:
        status, headers, _ = await ask(gateway.port, "/health", method)
    assert (status, headers["allow"]) == (405, "get, head")


async def test_health_is_503_while_nothing_can_be_stored() -> None:
    """A balancer takes out a server that cannot store, and takes it back when it can."""
    writable = iter([False, True])
    async with serve(MemoryStore(), desk=Desk(is_writable=lambda: next(writable))) as gateway:
        status, _, body = await ask(gateway.port, "/health")
        assert (status, '"service": "noughts-tui"' in body) == (503, True)
        assert "cannot be stored" in body
        assert (await ask(gateway.port, "/health"))[0] == 200


def test_a_flood_of_questions_is_not_one_of_writes() -> None:
    """That all is well counts for a while; that it is not is found out each time."""
    now, answers, asked = [0.0], iter([True, False, False, True]), 0

    def call() -> bool:
        nonlocal asked
        asked += 1
        return next(answers)

    ask = remembered(call, 1, lambda: now[0])
    assert [ask() for _ in range(1000)] == [True] * 1000
    assert asked == 1
    now[0] = 1
    assert [ask(), ask(), ask(), ask()] == [False, False, True, True]
    assert asked == 4


async def test_health_is_answered_when_all_seats_are_taken() -> None:
    """A full server is well: its balancer hears so, from the address that has every seat."""
    limits = Limits(connections_per_address=1, connections=1, arrivals=2)
    async with serve(MemoryStore(), limits=limits) as gateway, peer(gateway.url):
        silent = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(4)]
        for _ in range(3):
            assert (await ask(gateway.port, "/health"))[0] == 200
        for _, writer in silent:
            writer.transport.abort()
        text = (await ask(gateway.port, "/metrics"))[2]
    name = 'noughts_tui_connections_refused_total{reason="connections_that_wait"}'
    assert metric(text, name) >= 3


async def test_a_proxy_that_drops_the_upgrade_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who meets a proxy that passes on no Upgrade is told so, and the operator reads it."""
    async with serve(MemoryStore()) as gateway:
        status, _, body = await ask(
            gateway.port, "/", Sec_WebSocket_Key=HANDSHAKE["Sec-WebSocket-Key"]
        )
    assert (status, "does not pass on the headers Upgrade" in body) == (426, True)
    assert "does not pass on Upgrade" in caplog.text


# Players behind a proxy


async def refused(gateway: Gateway, **headers: str) -> int:
    """The status of a handshake through a proxy, 101 for one that succeeds."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        async with peer(gateway.url, additional_headers=named):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


async def test_behind_a_trusted_proxy_players_are_counted() -> None:
    """Each player has the connections of one address; the proxy's own health check has its own."""
    limits = Limits(connections_per_address=1, trusted=LOOPBACK)
    async with serve(MemoryStore(), limits=limits) as gateway:
        ada = {"additional_headers": {"X-Forwarded-For": "192.0.2.1"}}
        async with peer(gateway.url, **ada):
            assert await refused(gateway, X_Forwarded_For="192.0.2.1") == 429
            assert await refused(gateway, X_Forwarded_For="192.0.2.9, 192.0.2.1") == 429
            assert await refused(gateway, X_Forwarded_For="192.0.2.2") == 101
            assert await refused(gateway, Forwarded="for=192.0.2.1") == 429
            assert await refused(gateway, Forwarded='for="[2001:db8::1]:99"') == 101
        assert await refused(gateway, X_Forwarded_For="192.0.2.1") == 101


async def test_strangers_cannot_say_who_they_are(caplog: pytest.LogCaptureFixture) -> None:
    """Without a trusted proxy the header is nobody's word; the operator is told to name it."""
    limits = Limits(connections_per_address=1)
    async with serve(MemoryStore(), limits=limits) as gateway, peer(gateway.url):
        assert await refused(gateway, X_Forwarded_For="192.0.2.2") == 429
    assert "until --trust-forwarded names it" in caplog.text
    assert "192.0.2.2" not in caplog.text


async def test_a_trusted_proxy_that_names_nobody_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where all players would be one address, the operator is told which header is missing."""
    async with serve(MemoryStore(), limits=Limits(trusted=LOOPBACK)) as gateway:
        assert await refused(gateway, X_Forwarded_For="192.0.2.1") == 101
        assert "has to write X-Forwarded-For" not in caplog.text
        assert await refused(gateway) == 101
    assert "has to write X-Forwarded-For" in caplog.text


async def test_the_service_is_told_who_plays() -> None:
    """The handler sees the player's address, as it would behind API Gateway."""
    seen: list[str] = []

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        seen.append(event["requestContext"]["identity"]["sourceIp"])
        return {"body": event.get("body")}

    limits = Limits(trusted=LOOPBACK)
    named = {"X-Forwarded-For": "192.0.2.1"}
    async with (
        serve(MemoryStore(), limits=limits, invoke=invoke) as gateway,
        peer(gateway.url, additional_headers=named) as ada,
    ):
        await ada.ask(type="ping")
    assert set(seen) == {"192.0.2.1"}


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets")
async def test_a_unix_socket_brings_players_with_their_addresses(tmp_path: Path) -> None:
    """Only the operator's proxy can open the socket, so that its word is taken."""
    doors = Doors([Door(each) for each in listen((), 0, tmp_path / "s")])
    limits = Limits(connections_per_address=1, spares_own=True)
    async with serve(MemoryStore(), doors=doors, limits=limits):

        async def enter(**headers: str) -> int:
            door = socket.socket(socket.AF_UNIX)
            door.connect(str(tmp_path / "s"))
            try:
                async with peer("ws://a/", sock=door, additional_headers=headers) as client:
                    assert (await client.ask(type="ping"))["type"] == "pong"
                    held.append(client)
                    return 101
            except InvalidStatus as error:
                return error.response.status_code

        held: list[Any] = []
        assert await enter() == 101
        assert await enter(Forwarded="for=192.0.2.1") == 101


# Metrics


async def test_what_is_counted_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Connections, requests by type and result, refusals and games are told to this machine."""
    limits = Limits(connections_per_address=2)
    desk = Desk(counts=lambda: {'status="waiting"': 3, 'status="won"': 1}, size=lambda: 4096)
    async with (
        serve(MemoryStore(), limits=limits, desk=desk) as gateway,
        peer(gateway.url) as ada,
        peer(gateway.url),
    ):
        await ada.ask(type="start")
        await ada.ask(type="join", id="000000")
        await ada.ask(type="nonsense")
        assert await refused(gateway) == 429
        assert await refused(gateway, Origin="https://evil.example") == 403
        status, headers, text = await ask(gateway.port, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert metric(text, "noughts_tui_connections") == 2
    assert metric(text, "noughts_tui_games_started_total") == 1
    assert metric(text, "noughts_tui_requests_refused_total") == 2
    assert metric(text, 'noughts_tui_games{status="waiting"}') == 3
    assert metric(text, "noughts_tui_store_writable") == 1
    assert metric(text, "noughts_tui_file_bytes") == 4096
    lines = [line for line in text.splitlines() if line.startswith("noughts_tui_requests_total")]
    assert lines == [
        'noughts_tui_requests_total{type="join",result="no_such_game"} 1',
        'noughts_tui_requests_total{type="start",result="ok"} 1',
        'noughts_tui_requests_total{type="unknown",result="unknown_type"} 1',
    ]
    assert [line for line in text.splitlines() if "connections_refused_total{" in line] == [
        'noughts_tui_connections_refused_total{reason="connections_of_one_address"} 1',
        'noughts_tui_connections_refused_total{reason="origin"} 1',
    ]
    assert "a connection was refused: connections of one address" in caplog.text


async def test_too_fast_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """A flood shows in the metrics, by what it asks for."""
    async with (
        serve(MemoryStore(), limits=Limits(rate=0.5), clock=ManualClock()) as gateway,
        peer(gateway.url) as ada,
    ):
        for _ in range(3):
            await ada.send(type="ping")
            await ada.next()
        text = (await ask(gateway.port, "/metrics"))[2]
    assert metric(text, 'noughts_tui_requests_total{type="ping",result="throttled"}') == 2
    assert "come too fast" in caplog.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_metrics_are_not_for_players(header: str) -> None:
    """What comes through a proxy is no program of this machine."""
    async with serve(MemoryStore()) as gateway:
        assert (await ask(gateway.port, "/metrics", **{header: "127.0.0.1"}))[0] == 404


async def test_metrics_have_a_port_of_their_own() -> None:
    """At a port of their own they are answered to whoever reaches it, and nowhere else."""
    doors = Doors(*([Door(each) for each in listen(["127.0.0.1"], 0)] for _ in range(2)))
    own = doors.operator[0].socket.getsockname()[1]
    async with serve(MemoryStore(), doors=doors, desk=Desk(is_public=False)) as gateway:
        assert (await ask(gateway.port, "/metrics"))[0] == 404
        assert (await ask(own, "/metrics", Via="a proxy"))[0] == 200
        assert (await ask(own, "/health", "HEAD"))[0] == 200
        assert (await ask(own, "/metrics/"))[0] == 200
        assert (await ask(own, "/"))[0] == 404
        assert (await ask(own, "/", Upgrade="websocket", **HANDSHAKE))[0] == 404


async def test_the_protocol_can_be_read_from_the_server() -> None:
    """`/protocol` is the AsyncAPI document that the docs keep."""
    async with serve(MemoryStore()) as gateway:
        status, headers, body = await ask(gateway.port, "/protocol")
    assert (status, headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert json.loads(body) == asyncapi()
