"""Group commit, through real sockets: one commit for many requests, an answer for each."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.core.game import Moment
from backend.core.ports import Busy
from backend.local.gateway import ENDINGS_AT_ONCE, Gateway, serve
from backend.local.groups import Groups
from backend.local.limits import Limits
from backend.local.sqlite import SqliteStore
from backend.local.store_wrapper import StoreWrapper
from tests.backend.local.peer import Peer, peer, seated

CROWD = 12
SOON = Moment(0, 0)


class Disk(StoreWrapper):
    """A store whose commits do as told, and are counted; ``does`` runs in place of a quick disk."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self.does: Callable[[], object] = lambda: None
        self.commits = 0

    @contextmanager
    def group(self) -> Iterator[None]:
        with super().group():
            yield
            self.commits += 1
            self.does()


class Slow:
    """A commit that takes until it is let go; ``begun`` tells that it is under way."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.begun = asyncio.Event()
        self._go_on = threading.Event()

    def __call__(self) -> None:
        self._loop.call_soon_threadsafe(self.begun.set)
        self._go_on.wait(60)

    def let_go(self) -> None:
        self._go_on.set()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "games")) as opened:
        yield opened


@pytest.fixture
def disk(store: SqliteStore) -> Disk:
    return Disk(store)


@pytest.fixture
async def gateway(disk: Disk) -> AsyncIterator[Gateway]:
    async with serve(disk, limits=Limits(rate=0)) as running:
        yield running


@pytest.fixture
async def crowd(gateway: Gateway) -> AsyncIterator[list[Peer]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(peer(gateway.url)) for _ in range(CROWD)]


@pytest.fixture
async def ada(gateway: Gateway) -> AsyncIterator[Peer]:
    async with peer(gateway.url) as client:
        yield client


async def arrived(gateway: Gateway, calls: int) -> None:
    """Waits until so many calls wait for the group that is under way."""
    async with asyncio.timeout(60):
        while gateway.waiting < calls:  # noqa: ASYNC110 (a turn or two of the loop they share)
            await asyncio.sleep(0)


async def test_who_comes_during_a_commit_goes_with_the_next(
    gateway: Gateway, disk: Disk, ada: Peer, crowd: list[Peer]
) -> None:
    """However many come while the disk is busy, one commit more is for all of them."""
    disk.does = slow = Slow()
    first = asyncio.create_task(ada.ask(type="start"))
    await slow.begun.wait()
    others = [asyncio.create_task(one.ask(type="start")) for one in crowd]
    await arrived(gateway, CROWD)
    assert not first.done()
    slow.let_go()
    replies = [await first, *[await other for other in others]]
    assert {reply["type"] for reply in replies} == {"init"}
    assert disk.commits == 2


async def test_who_asks_does_not_wait_for_all_who_vanish(disk: Disk) -> None:
    """However many vanish at once, a request is served after a few of them, not after all."""
    served: list[str] = []
    gone = asyncio.Event()

    class Watched(Gateway):
        async def _farewell(self, client: Any) -> None:
            if self.connected == 2:
                gone.set()
            await super()._farewell(client)

    def note(event: dict[str, Any]) -> dict[str, Any]:
        served.append(event["requestContext"]["eventType"])
        return {"body": '{"type": "pong", "now": 0}'}

    async with (
        serve(disk, make=Watched, invoke=note) as gateway,
        peer(gateway.url) as ada,
        AsyncExitStack() as stack,
    ):
        many = 10 * ENDINGS_AT_ONCE
        crowd = [await stack.enter_async_context(peer(gateway.url)) for _ in range(many)]
        disk.does = slow = Slow()
        for one in crowd:
            one.socket.transport.abort()
        await slow.begun.wait()
        await gone.wait()
        before = gateway.waiting
        asked = asyncio.create_task(ada.socket.send("{}"))
        await arrived(gateway, before + 1)
        slow.let_go()
        await asked
        await ada.next()
    assert served.index("MESSAGE") <= 2 * ENDINGS_AT_ONCE
    assert served.count("DISCONNECT") == many + 1


async def test_nobody_is_told_before_the_commit(disk: Disk, ada: Peer, crowd: list[Peer]) -> None:
    """Neither the reply nor the push leaves before the change is on the disk."""
    code = await seated(ada, crowd[0])
    disk.does = slow = Slow()
    asked = asyncio.create_task(ada.ask(type="play", id=code, tile="1,1"))
    pushed = asyncio.create_task(crowd[0].pushed())
    await slow.begun.wait()
    # What a client's own ping is answered by comes after all that was sent before it.
    await (await ada.socket.ping())
    await (await crowd[0].socket.ping())
    assert not asked.done()
    assert not pushed.done()
    slow.let_go()
    assert (await asked)["game"] == (await pushed)["game"]


async def test_a_slow_disk_holds_up_no_one_who_needs_none(
    gateway: Gateway, disk: Disk, ada: Peer
) -> None:
    """While a commit is under way the gateway takes connections and answers their pings."""
    disk.does = slow = Slow()
    asked = asyncio.create_task(ada.ask(type="start"))
    await slow.begun.wait()
    async with peer(gateway.url) as late:
        await (await late.socket.ping())
        assert not asked.done()
        slow.let_go()
        assert (await asked)["type"] == "init"


FAILURES: dict[str, Exception] = {
    "internal": sqlite3.OperationalError("database or disk is full"),
    "busy": Busy(),
}


@pytest.mark.parametrize("code", FAILURES)
async def test_a_commit_that_fails_is_told_to_all_of_its_group(
    *,
    gateway: Gateway,
    disk: Disk,
    store: SqliteStore,
    ada: Peer,
    crowd: list[Peer],
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of a failed group nothing is kept, all are told so, and the same requests then succeed."""

    def fail() -> None:
        raise FAILURES[code]

    game = await seated(ada, crowd[0])
    disk.does = slow = Slow()
    first = asyncio.create_task(crowd[1].ask(type="ping", id=game))
    await slow.begun.wait()
    play = asyncio.create_task(ada.ask(type="play", id=game, tile="1,1", after=""))
    others = [asyncio.create_task(one.ask(type="start")) for one in crowd[2:]]
    await arrived(gateway, 1 + len(others))
    disk.does = fail
    slow.let_go()
    await first
    replies = [await play, *[await other for other in others]]
    assert [(reply["type"], reply["code"]) for reply in replies] == len(replies) * [("error", code)]
    found = store.load(game, SOON)
    assert found is not None
    assert found.moves == ""
    disk.does = lambda: None
    played = await ada.ask(type="play", id=game, tile="1,1", after="")
    # The only push is that of the move that was kept.
    assert (await crowd[0].pushed())["game"] == played["game"]
    assert (await crowd[2].ask(type="start"))["type"] == "init"
    assert [record.message for record in caplog.records] == ["what was asked could not be written"]


async def test_a_request_that_fails_leaves_the_others_of_its_group(
    gateway: Gateway,
    disk: Disk,
    ada: Peer,
    crowd: list[Peer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault of the service in one request is that request's own."""
    broken = crowd[5]
    whole = gateway.invoke

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        if "break me" in event.get("body", ""):
            raise RuntimeError("broken")
        return whole(event)

    monkeypatch.setattr(gateway, "invoke", invoke)
    disk.does = slow = Slow()
    first = asyncio.create_task(ada.ask(type="start"))
    await slow.begun.wait()
    asked = [asyncio.create_task(one.ask(type="start")) for one in crowd if one is not broken]
    await broken.send(type="start", name="break me")
    await arrived(gateway, CROWD)
    slow.let_go()
    await first
    assert {(await one)["type"] for one in asked} == {"init"}
    assert (await broken.next())["message"] == "Internal server error"
    assert disk.commits == 2


async def test_the_end_of_a_connection_is_in_the_group(
    gateway: Gateway, disk: Disk, ada: Peer, crowd: list[Peer]
) -> None:
    """Who loses the connection while the disk is busy is seen as lost after the next commit."""
    game = await seated(ada, crowd[0])
    disk.does = slow = Slow()
    first = asyncio.create_task(crowd[1].ask(type="start"))
    await slow.begun.wait()
    ada.socket.transport.abort()
    await arrived(gateway, 1)
    slow.let_go()
    await first
    seen = await crowd[0].pushed()
    assert (seen["type"], seen["id"], seen["online"]) == ("presence", game, False)


async def test_a_clients_requests_are_served_in_order(disk: Disk, ada: Peer) -> None:
    """What one client asks at once is answered in the order asked."""
    del disk
    for number in range(20):
        await ada.send(type="ping", ref=str(number))
    assert [(await ada.next())["ref"] for _ in range(20)] == [str(number) for number in range(20)]


async def test_a_group_that_waits_is_finished_before_the_end(
    gateway: Gateway, disk: Disk, ada: Peer, crowd: list[Peer]
) -> None:
    """The gateway ends when those who wait for the disk have their answers."""
    disk.does = slow = Slow()
    first = asyncio.create_task(ada.ask(type="start"))
    await slow.begun.wait()
    others = [asyncio.create_task(one.ask(type="start")) for one in crowd]
    await arrived(gateway, CROWD)
    closing_gateway = asyncio.create_task(gateway.close())
    slow.let_go()
    assert {(await one)["type"] for one in (first, *others)} == {"init"}
    await closing_gateway
    assert await ada.closed() == (1001, "Going away")


async def test_results_come_in_the_order_of_the_calls() -> None:
    """Each call gets its own result, and they come in the order in which the calls were made."""
    came: list[tuple[int, str]] = []
    groups = Groups[int, str](
        lambda calls: [str(call) for call in calls], lambda *result: came.append(result)
    )
    await asyncio.gather(*map(groups.put, range(100)))
    groups.close()
    assert came == [(number, str(number)) for number in range(100)]
