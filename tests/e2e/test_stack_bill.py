"""What a game costs on AWS: everything that is billed, counted with the shipped client.

`docs/deploy.md` shows these numbers; a test here fails when they are no longer true.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from backend.aws.dynamodb import DynamoDBStore
from backend.aws.metrics import EmbeddedMetrics
from backend.aws.wiring import STORE_CONFIG
from backend.core.ports import Connections
from backend.core.service import Service
from backend.handlers.clock import SystemClock
from backend.handlers.entry import Handler
from backend.infra.asset import ROOT
from backend.infra.settings import Settings
from backend.local.gateway import Gateway, serve
from backend.local.limits import Limits
from shared.board import tile_of
from tests.backend.aws.emulator import emulator
from tests.backend.aws.meter import MeteredSession
from tests.backend.local.peer import peer, seated
from tests.e2e.players import until
from tui.client.client import Client
from tui.client.seats import Seats
from tui.client.state import Table
from tui.client.timing import Timing, Vigil
from tui.lobby_refresh import LobbyRefresh

HOUR = 3600
NINE_MOVES = "012435867"
MINUTES = 2
"""How long a game is taken to last."""
BILLED_MS = 20
"""What a call of the function is taken to last: some ms of CPU and two calls inside one region."""
GIB = 1024**3

# List prices in dollars per million, us-east-1: docs/platform.md.
MESSAGE, CONNECTION_MINUTE = 1.00, 0.25
WRITE_UNIT, READ_UNIT = 0.625, 0.125
CALL, GB_SECOND = 0.20, 13.3334
LOG_GIB = 0.50e6


@dataclass(frozen=True)
class Usage:
    """What AWS bills."""

    messages: float = 0
    connection_minutes: float = 0
    write_units: float = 0
    read_units: float = 0
    calls: float = 0
    log_bytes: float = 0

    def __add__(self, other: "Usage") -> "Usage":
        sums = {name: value + getattr(other, name) for name, value in asdict(self).items()}
        return Usage(**sums)

    def __mul__(self, times: float) -> "Usage":
        return Usage(**{name: times * value for name, value in asdict(self).items()})

    def dollars(self) -> dict[str, float]:
        """The bill for a million of these, by part."""
        seconds = self.calls * BILLED_MS / 1000
        return {
            "messages": MESSAGE * self.messages,
            "connections": CONNECTION_MINUTE * self.connection_minutes,
            "table": WRITE_UNIT * self.write_units + READ_UNIT * self.read_units,
            "function": CALL * self.calls + GB_SECOND * seconds * Settings().memory / 1024,
            "logs": LOG_GIB * self.log_bytes / GIB,
        }


class CountingConnections:
    """`Connections` that count what is pushed."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.pushed = 0

    def post(self, connection: str, frame: str) -> None:
        self.pushed += 1
        self._connections.post(connection, frame)

    def is_there(self, connection: str) -> bool:
        return self._connections.is_there(connection)


class Counter:
    """A gateway on the emulator's DynamoDB that counts what AWS would bill."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        aws = emulator()
        table = aws.new_table()
        self._session = MeteredSession(aws, table)
        self.store = DynamoDBStore(
            self._session.create_client("dynamodb", config=STORE_CONFIG), table
        )
        self._capsys = capsys
        self._messages = self._calls = 0
        self._handler: Handler
        self._connections: CountingConnections

    def sit(self, gateway: Gateway) -> None:
        """Puts the service behind this gateway."""
        self._capsys.readouterr()
        clock = SystemClock()
        self._connections = CountingConnections(gateway.connections)
        metrics = EmbeddedMetrics("noughts-tui", clock)
        self._handler = Handler(Service(self.store, self._connections, clock, metrics))

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        response = self._handler(event)
        self._calls += 1
        self._messages += event["requestContext"]["eventType"] == "MESSAGE"
        self._messages += bool(response.get("body"))
        return response

    def usage(self) -> Usage:
        """What was billed since the last time."""
        bill = self._session.measured()
        used = Usage(
            messages=self._messages + self._connections.pushed,
            write_units=bill.table_units + bill.index_units,
            # A game is read strongly, an index is not: one unit and half a unit.
            read_units=bill.reads + bill.queries / 2,
            calls=self._calls,
            log_bytes=len(self._capsys.readouterr().out),
        )
        self._messages = self._calls = self._connections.pushed = 0
        return used


@asynccontextmanager
async def counted(capsys: pytest.CaptureFixture[str]) -> AsyncIterator[tuple[Counter, Gateway]]:
    counter = Counter(capsys)
    async with serve(counter.store, invoke=counter.invoke, limits=Limits(rate=0)) as gateway:
        counter.sit(gateway)
        yield counter, gateway


async def bare_game(capsys: pytest.CaptureFixture[str]) -> Usage:
    """Start, join and nine moves, with a reply to each."""
    async with (
        counted(capsys) as (counter, gateway),
        peer(gateway.url) as ada,
        peer(gateway.url) as bob,
    ):
        code = await seated(ada, bob)
        for place, cell in enumerate(NINE_MOVES):
            mover, other = ((ada, bob), (bob, ada))[place % 2]
            after = NINE_MOVES[:place]
            await mover.ask(type="play", id=code, tile=tile_of(int(cell)), after=after)
            await other.pushed()
        used = counter.usage()
    return used + Usage(connection_minutes=2 * MINUTES)


async def quick_match(capsys: pytest.CaptureFixture[str]) -> Usage:
    """A `match` with a key that seats its player opposite somebody who waits."""
    async with (
        counted(capsys) as (counter, gateway),
        peer(gateway.url) as ada,
        peer(gateway.url) as bob,
    ):
        await ada.ask(type="match", key="a" * 22)
        counter.usage()
        await bob.ask(type="match", key="b" * 22)
        await ada.pushed()
        return counter.usage()


async def rematch(capsys: pytest.CaptureFixture[str]) -> Usage:
    """A `rematch` that is offered and accepted."""
    async with (
        counted(capsys) as (counter, gateway),
        peer(gateway.url) as ada,
        peer(gateway.url) as bob,
    ):
        code = await seated(ada, bob)
        await ada.ask(type="resign", id=code)
        await bob.pushed()
        counter.usage()
        for mover, other in ((ada, bob), (bob, ada)):
            await mover.ask(type="rematch", id=code)
            await other.pushed()
        return counter.usage()


async def shipped_game(capsys: pytest.CaptureFixture[str], home: Path) -> Usage:
    """The same with two shipped clients, which look at the lobby first and go when it is over."""
    async with counted(capsys) as (counter, gateway), online(gateway, home / "ada") as ada:
        async with online(gateway, home / "bob") as bob:
            for one in (ada, bob):
                await look_around(one)
            code = (await ada.start()).id
            await bob.join(code)
            for place, cell in enumerate(NINE_MOVES):
                mover = (ada, bob)[place % 2]
                await until_table(mover, lambda table: table.my_turn)
                await mover.play(code, int(cell))
            await until_table(bob, lambda table: table.finished)
        await until_table(
            ada, lambda table: table.opponent is not None and not table.opponent.online
        )
    # The gateway has reported that both have gone.
    return counter.usage() + Usage(connection_minutes=2 * MINUTES)


@asynccontextmanager
async def online(gateway: Gateway, home: Path) -> AsyncIterator[Client]:
    async with Client(gateway.url, Seats(home)) as client:
        yield client


async def until_table(client: Client, seen: Callable[[Table], bool]) -> None:
    """Waits until the client sees this of its only table."""
    await until(client, lambda state: any(map(seen, state.tables.values())))


async def look_around(client: Client) -> None:
    """What the lobby asks at each refresh."""
    await client.refresh_lobby()


async def requested(
    capsys: pytest.CaptureFixture[str], ask: Callable[[Client], Awaitable[object]], home: Path
) -> Usage:
    """What one thing that the client asks for costs, with a game waiting."""
    async with counted(capsys) as (counter, gateway), online(gateway, home) as client:
        await client.start()
        counter.usage()
        await ask(client)
        return counter.usage()


def looks(*, focused: bool, lively: bool = False) -> int:
    """How often an hour in the lobby asks for the lists, which change each time, or never."""
    refresh, number = LobbyRefresh(), 0
    for second in range(HOUR):
        if refresh.due(second, focused=focused):
            number += 1
            refresh.answered(changed=lively)
    return number


async def lobby_hour(capsys: pytest.CaptureFixture[str], home: Path, number: int) -> Usage:
    """An hour in the lobby, with so many looks at its lists."""
    one = await requested(capsys, look_around, home)
    return one * number + Usage(connection_minutes=60)


async def waiting_hour(capsys: pytest.CaptureFixture[str], home: Path) -> Usage:
    """An hour in a game that nobody joins, asked about at growing intervals."""
    vigil, asked, now = Vigil(Timing()), 0, 0.0
    vigil.heard("K7QF2M", now)
    while (now := now + vigil.next_in(now)) <= HOUR:
        vigil.asked("K7QF2M", now)
        asked += 1

    async def ping(client: Client) -> None:
        [code] = client.state.tables
        await client.ping(code)

    one = await requested(capsys, ping, home)
    return one * asked + Usage(connection_minutes=60)


def row(title: str, used: Usage) -> str:
    """The line of the guide's table."""
    parts = used.dollars()
    counts = (used.messages, used.write_units, used.read_units, used.calls)
    shown = [f"{number:g}" for number in counts]
    shown += [f"{dollars:.1f}" for dollars in (*parts.values(), sum(parts.values()))]
    return f"| {title} | {' | '.join(shown)} |"


async def test_the_guide_tells_what_it_costs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The deployment guide's table of costs is what is counted."""
    used = {
        "a nine-move game": await bare_game(capsys),
        "the same with the client": await shipped_game(capsys, tmp_path / "game"),
        "a quick match that seats": await quick_match(capsys),
        "a rematch of both": await rematch(capsys),
        "an hour in a lively lobby": await lobby_hour(
            capsys, tmp_path / "lively", looks(focused=True, lively=True)
        ),
        "an hour in a quiet lobby": await lobby_hour(
            capsys, tmp_path / "quiet", looks(focused=True)
        ),
        "an hour in the lobby, unseen": await lobby_hour(
            capsys, tmp_path / "unseen", looks(focused=False)
        ),
        "an hour in a waiting game": await waiting_hour(capsys, tmp_path / "waiting"),
    }
    counted_rows = [row(title, usage) for title, usage in used.items()]
    guide = (ROOT / "docs" / "deploy.md").read_text()
    told = re.findall(
        r"^\| (?:a nine|the same|a quick|a rematch|an hour).*\|$", guide, re.MULTILINE
    )
    assert told == counted_rows
