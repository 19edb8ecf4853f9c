"""The computer: what it chooses, and that it plays like anybody else."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from backend.local.gateway import serve
from shared.board import Mark, free, outcome, turn
from tests.backend.memory import MemoryStore
from tui import embedded
from tui.client.client import Client, Unreachable
from tui.client.seats import Seats
from tui.client.state import ClientState, Happening, Table
from tui.computer import LEVEL_NAMES, Computer, PracticeClient, choose, practise
from tui.options import Level


class Every:
    """Chance that remembers what it could have chosen."""

    def __init__(self, roll: float = 0.0) -> None:
        self.options: Sequence[int] = ()
        self.roll = roll

    def choice(self, options: Sequence[int], /) -> int:
        self.options = options
        return options[0]

    def random(self) -> float:
        return self.roll

    def uniform(self, low: float, high: float, /) -> float:
        return 0.0


def choices(moves: str, level: Level, roll: float = 0.0) -> set[int]:
    every = Every(roll)
    choose(moves, level, every)
    return set(every.options)


@pytest.mark.parametrize("mark", list(Mark))
def test_perfect_never_loses(mark: Mark) -> None:
    """Whatever the opponent does and however the dice fall, the perfect computer does not lose."""
    ends: set[Mark | None] = set()
    seen: set[str] = set()
    histories = [""]
    while histories:
        moves = histories.pop()
        result = outcome(moves)
        if result.over:
            ends.add(result.winner)
            continue
        cells = choices(moves, "perfect") if turn(moves) is mark else free(moves)
        for cell in cells:
            after = f"{moves}{cell}"
            # The order of the moves of one mark changes nothing that follows.
            key = "".join([*sorted(after[::2]), " ", *sorted(after[1::2])])
            if key not in seen:
                seen.add(key)
                histories.append(after)
    assert ends == {mark, None}


@pytest.mark.parametrize(
    ("moves", "cells"),
    [("0314", {2}), ("0318", {2}), ("04", {1, 2, 3, 5, 6, 7, 8}), ("014", {8}), ("081", {2})],
)
def test_medium_sees_lines(moves: str, cells: set[int]) -> None:
    """The medium computer completes its line, else parries, else does as it likes."""
    assert choices(moves, "medium") == cells


def test_easy_overlooks_lines() -> None:
    """The easy computer sometimes completes its line and never looks at its opponent's."""
    assert choices("0314", "easy", 0.0) == {2}
    assert choices("0314", "easy", 0.9) == {2, 5, 6, 7, 8}
    assert choices("081", "easy", 0.0) == {2, 3, 4, 5, 6, 7}


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(MemoryStore()) as gateway:
        yield gateway.url


async def play(client: Client, game_id: str, chance: random.Random) -> Table:
    """Plays as a person might until the game is over."""
    changed = asyncio.Event()

    def look(_state: ClientState, _happening: Happening) -> None:
        changed.set()

    stop = client.subscribe(look)
    while not (table := client.state.tables[game_id]).finished:
        if table.my_turn:
            await client.play(game_id, chance.choice(table.choices))
        else:
            changed.clear()
            await changed.wait()
    stop()
    return table


async def no_time(_seconds: float) -> None:
    await asyncio.sleep(0)


async def test_a_game_and_its_rematch(url: str) -> None:
    """The computer joins by code, plays to the end, and takes a rematch at the other mark."""
    chance = random.Random(7)  # noqa: S311 (a game, no secret)
    async with (
        Client(url, Seats(None), name="Ada") as ada,
        Client(url, Seats(None), name=LEVEL_NAMES["perfect"]) as machine,
    ):
        game_id = (await ada.start()).id
        await machine.join(game_id)
        computer = asyncio.create_task(
            Computer(machine, game_id, "perfect", random=Every(), sleep=no_time).run()
        )
        table = await play(ada, game_id, chance)
        assert table.game.winner is not Mark.X
        await ada.rematch(game_id)
        moved: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def look(state: ClientState, _happening: Happening) -> None:
            if (onward := state.tables[game_id].onward) and not moved.done():
                moved.set_result(onward)

        look(ada.state, None)  # type: ignore[arg-type]  # only the state is looked at
        ada.subscribe(look)
        again = await play(ada, await moved, chance)
        assert (again.seat, again.game.winner) != (Mark.O, Mark.O)
        await ada.leave(again.id)
        computer.cancel()


async def test_practice_begins_at_once(url: str) -> None:
    """Practice is one call: the player's client, at a game where the computer sits opposite."""
    client, game_id = await practise("easy", name="Ada", gateway=lambda: nullcontext(url))
    try:
        assert isinstance(client, PracticeClient)
        computer = (await client.ping(game_id)).players[Mark.O]
        assert computer is not None
        assert computer.name == "Computer (easy)"
        assert client.state.tables[game_id].my_turn
    finally:
        await client.__aexit__(None, None, None)


async def test_practice_needs_nothing_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the port and without a folder to write to the computer plays, and leaves nothing."""
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.touch()
    temporary.mkdir()
    monkeypatch.setenv("NOUGHTS_TUI_HOME", str(home))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1") as foreign:
        monkeypatch.setenv("NOUGHTS_TUI_PORT", str(foreign.sockets[0].getsockname()[1]))
        client, game_id = await practise("easy")
        assert client.state.tables[game_id].my_turn
        assert len(list(temporary.iterdir())) == 1
        await client.__aexit__(None, None, None)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("words", ["raise SystemExit('no')", "__import__('signal').pause()"])
async def test_a_private_gateway_that_does_not_start(words: str) -> None:
    """What it said last is what the player reads; one that says nothing is not waited for long."""
    with pytest.raises(Unreachable) as caught:
        async with embedded.private(0.2, [sys.executable, "-c", words]):
            pass
    assert caught.value.sentence.startswith("The game's gateway did not start: ")
