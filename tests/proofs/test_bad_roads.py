"""Two clients whose roads to the server are cut, frozen and barred, by seed, move after move."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from backend.core.game import Moment
from backend.local.gateway import serve
from tests.backend.memory import MemoryStore
from tests.e2e.players import Person
from tests.proofs.counts import count
from tests.tui.middleman import REFUSALS, Middleman, middleman
from tui.app import create_app
from tui.client.client import Client
from tui.client.seats import Seats
from tui.client.state import ClientState, ConnectionStatus, Table
from tui.client.timing import Timing
from tui.options import JoinGame, Opening, Options, StartGame
from tui.record import RecordFile
from tui.words.status import status

# Ten minutes of the real waiting in some ten seconds; the order of the spans is the real one.
HASTY = Timing(
    dial=5,
    reply=0.5,
    pause=0.02,
    pause_most=0.2,
    reconnect=0.01,
    reconnect_most=0.1,
    steady=1,
    pulse=0.5,
    silence=0.4,
    silence_most=1,
)
PATIENCE_SECONDS = 120
STORMS = ("none", "cut", "half open", "barred", "barred before the move")


@dataclass
class Player:
    """Somebody at the end of a road; ``told`` counts what stood in the status line."""

    client: Client
    road: Middleman
    told: Counter[str] = field(default_factory=Counter)

    def listen(self, state: ClientState, _happening: object) -> None:
        assert state.connection is not ConnectionStatus.FAILED
        for table in state.tables.values():
            self.told[status(state, table, self.client.now_ms()).text] += 1

    @property
    def table(self) -> Table:
        return list(self.client.state.tables.values())[-1]

    async def until(self, true: Callable[[ClientState], object]) -> None:
        changed = asyncio.Event()
        stop = self.client.subscribe(lambda *_: changed.set())
        while not true(self.client.state):
            changed.clear()
            await changed.wait()
        stop()

    async def offline(self) -> None:
        await self.until(lambda state: state.connection is not ConnectionStatus.ONLINE)

    async def barred(self, chance: Random) -> None:
        """Somebody else answers in the server's place, a few times."""
        self.road.refusal = REFUSALS[chance.choice(list(REFUSALS))]
        self.road.cut()
        await self.offline()

    async def suffer(self, storm: str, chance: Random) -> None:
        """What happens on the road while a move is on its way, until the road is free again."""
        match storm:
            case "cut":
                self.road.cut()
            case "half open":
                self.road.freeze()
                await self.offline()
                self.road.cut()
                self.road.thaw()
            case "barred":
                await self.barred(chance)
        if self.road.refusal is not None:
            await self.road.refuses(chance.randint(1, 3))
            self.road.refusal = None

    async def move(self, storm: str, chance: Random) -> None:
        """Chooses a cell once, whatever the weather, and has moved in the end."""
        table = self.table
        if storm == "barred before the move":
            await self.barred(chance)
        playing = await self.choose(table, chance.choice(table.choices))
        if storm == "barred before the move":
            told = status(self.client.state, self.table, self.client.now_ms())
            assert told.text == "Reconnecting… your move is kept"
        await self.suffer(storm, chance)
        await playing
        await self.until(lambda state: state.tables[table.id].pending is None)
        assert self.table.error is None

    async def choose(self, table: Table, cell: int) -> Awaitable[object]:
        """Has the cell on its way, or played; what is returned ends with the answer."""
        playing = asyncio.create_task(self.client.play(table.id, cell))
        await self.until(lambda state: state.tables[table.id].pending is not None)
        return playing

    async def want_another(self) -> Awaitable[object]:
        """Offers a rematch, or accepts it."""
        return asyncio.create_task(self.client.rematch(self.table.id))


@dataclass
class PlayerAtApp(Player):
    """As `Player`, with a screen, a keyboard, and what the screen says."""

    person: Person | None = None

    async def choose(self, table: Table, cell: int) -> Awaitable[object]:

        def chosen() -> bool:
            return self.table.pending == cell or str(cell) in self.table.game.moves

        await self._press(str(cell + 1), chosen)
        return asyncio.sleep(0)

    async def want_another(self) -> Awaitable[object]:
        over = self.table.id

        def asked() -> bool:
            table = self.client.state.tables.get(over)
            return table is None or bool(table.asked or table.onward or table.game.rematch)

        await self._press("r", asked)
        return asyncio.sleep(0)

    async def _press(self, key: str, done: Callable[[], bool]) -> None:
        """Presses a key once the screen has caught up with what the client knows."""
        person = self.person
        assert person is not None
        pressed = False
        while not done():
            legal = key in person.app.screen.active_bindings
            if legal and not pressed and person.shows() == self.table.game.moves:
                pressed = True
                await person.press(key)
            await person.pilot.pause()
        self.told[person.sentence()] += 1


@asynccontextmanager
async def at_the_end_of_a_road(url: str) -> AsyncIterator[Player]:
    async with (
        middleman(url) as road,
        Client(road.url, Seats(None), timing=HASTY) as client,
    ):
        player = Player(client, road)
        client.subscribe(player.listen)
        yield player


@asynccontextmanager
async def at_an_app(url: str, opening: Opening, timing: Timing = HASTY) -> AsyncIterator[Player]:
    options = Options(url=url, motion="reduced", opening=opening)
    async with middleman(url) as road:
        client = Client(road.url, Seats(None), timing=timing)
        record = RecordFile(None)
        app = create_app(options, client=client, record=record, remember=lambda _: None)
        async with app.run_test(size=(80, 24)) as pilot:
            player = PlayerAtApp(client, road, person=Person(pilot, app))
            client.subscribe(player.listen)
            yield player


async def play_games(seed: int, games: int) -> Counter[str]:
    """Two clients play games and their rematches; what was done, what arrived and was read."""
    store = MemoryStore()
    async with (
        asyncio.timeout(PATIENCE_SECONDS * games),
        serve(store) as gateway,
        at_the_end_of_a_road(gateway.url) as ada,
        at_the_end_of_a_road(gateway.url) as bob,
    ):
        game_id = (await ada.client.start()).id
        await bob.client.join(game_id)
        return await _play_on(store, game_id, (ada, bob), seed, games)


async def play_games_in_apps(seed: int, games: int, timing: Timing = HASTY) -> Counter[str]:
    """As `play_games`, by two people at two apps, by their keys."""
    store = MemoryStore()
    async with (
        asyncio.timeout(PATIENCE_SECONDS * games),
        serve(store) as gateway,
        at_an_app(gateway.url, StartGame(), timing) as ada,
    ):
        await ada.until(lambda state: state.tables)
        game_id = ada.table.id
        async with at_an_app(gateway.url, JoinGame(game_id), timing) as bob:
            await bob.until(lambda state: state.tables)
            return await _play_on(store, game_id, (ada, bob), seed, games)


async def _play_on(
    store: MemoryStore, game_id: str, players: tuple[Player, Player], seed: int, games: int
) -> Counter[str]:
    chance, done = Random(seed), Counter[str]()  # noqa: S311 (it must be repeatable)
    ada, bob = players
    for number in range(games):
        if number:
            game_id = await _again(ada, bob, chance)
        done += await _play_game(game_id, (ada, bob), chance)
        stored = store.load(game_id, Moment(0, 0))
        assert stored is not None
        done["arrived"] += len(stored.moves)
        for player in (ada, bob):
            await player.until(lambda _, who=player: who.table.finished)  # type: ignore[misc]  # a bound lambda
            shown = player.table.game
            assert (shown.moves, shown.winner) == (stored.moves, stored.winner)
    for player in (ada, bob):
        done["told of an outage"] += sum(
            times for text, times in player.told.items() if text.startswith("Reconnecting…")
        )
    return done


async def _play_game(game_id: str, players: tuple[Player, Player], chance: Random) -> Counter[str]:
    done = Counter[str]()
    mover, other = sorted(players, key=lambda player: player.table.seat or "", reverse=True)
    while True:
        await mover.until(_can_act(game_id))
        if mover.client.state.tables[game_id].finished:
            return done
        storm, bystander = chance.choice(STORMS), chance.choice(STORMS[:-1])
        suffering = asyncio.create_task(other.suffer(bystander, Random(chance.random())))  # noqa: S311 (as above)
        await mover.move(storm, chance)
        await suffering
        done["chosen"] += 1
        done[storm] += 1
        mover, other = other, mover


def _can_act(game_id: str) -> Callable[[ClientState], Any]:
    def true(state: ClientState) -> bool:
        table = state.tables.get(game_id)
        return table is not None and (table.my_turn or table.finished)

    return true


async def _again(ada: Player, bob: Player, chance: Random) -> str:
    """A rematch that both offer, each on his own bad road."""
    over = ada.table.id
    for player in chance.sample([ada, bob], 2):
        asking = await player.want_another()
        await player.suffer(chance.choice(STORMS[:-1]), chance)
        await asking
    for player in (ada, bob):
        await player.until(lambda state: state.tables[over].onward)
    return ada.table.id


@pytest.mark.parametrize("seed", range(count(2, 40)))
async def test_no_move_is_lost_on_any_road(seed: int) -> None:
    """Whatever happens on the way, each chosen cell is played once, and both ends are equal."""
    done = await play_games(seed, count(1, 12))
    assert done["chosen"] == done["arrived"]
    assert done["told of an outage"]


@pytest.mark.parametrize("seed", range(count(1, 20)))
async def test_no_key_is_lost_on_any_road(seed: int) -> None:
    """Two people at two apps press each key once, read of every outage, and end equal."""
    done = await play_games_in_apps(seed, count(1, 6))
    assert done["chosen"] == done["arrived"]
    assert done["told of an outage"]
