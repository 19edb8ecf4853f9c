"""Two people at two terminals: the real app, twice, on one real gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backend.local.gateway import Gateway
from shared.messages import Snapshot
from tests.e2e.players import Person, person
from tui.client.state import ConnectionStatus
from tui.options import JoinGame


@asynccontextmanager
async def seated(
    gateway: Gateway, home: Path, names: tuple[str, str] = ("Ada", "Bob")
) -> AsyncIterator[tuple[Person, Person]]:
    """The first starts a game by keyboard, and the second joins it by its code."""
    async with person(gateway.url, home / "ada", names[0]) as ada:
        await ada.until(lambda state: state.connection is ConnectionStatus.ONLINE)
        await ada.press("n", "enter")
        await ada.until(lambda state: bool(state.tables))
        code = ada.game.id
        async with person(gateway.url, home / "bob", names[1], JoinGame(code)) as bob:
            for who in (ada, bob):
                await who.until(lambda state: any(t.game.turn for t in state.tables.values()))
            yield ada, bob


async def play(ada: Person, bob: Person, moves: str, *, clicking: bool = False) -> None:
    for place, cell in enumerate(moves):
        mover = (ada, bob)[place % 2]
        if clicking:
            await mover.click(int(cell))
        else:
            await mover.press(str(int(cell) + 1))
        for who in (ada, bob):
            await who.sees_moves(moves[: place + 1])


def public(game: Snapshot) -> tuple[object, ...]:
    return game.rev, game.status, game.moves, game.winner, game.lines


async def test_a_win_by_keyboard(gateway: Gateway, tmp_path: Path) -> None:
    """Two people play to a win by digits, and both screens say so."""
    async with seated(gateway, tmp_path) as (ada, bob):
        await play(ada, bob, "04821")
        assert (ada.shows(), bob.shows()) == ("04821", "04821")
        assert public(ada.game) == public(bob.game)


async def test_a_draw_by_mouse(gateway: Gateway, tmp_path: Path) -> None:
    """Two people play to a draw by clicking cells."""
    async with seated(gateway, tmp_path) as (ada, bob):
        await play(ada, bob, "012435867", clicking=True)
        assert (ada.sentence(), bob.sentence()) == ("A draw", "A draw")


async def test_through_a_dropped_connection(gateway: Gateway, tmp_path: Path) -> None:
    """Every connection breaks in the middle of the game; it goes on and is won."""
    async with seated(gateway, tmp_path) as (ada, bob):
        await play(ada, bob, "031")
        gateway.cut()
        # Bob does not wait: he plays while the line is dead.
        await bob.press("5")
        for who in (ada, bob):
            await who.sees_moves("0314")
        await ada.press("3")
        for who in (ada, bob):
            await who.sees_moves("03142")
        assert ada.game.status == bob.game.status == "won"
        # Losing and resuming the seats were changes as well.
        assert ada.game.rev == bob.game.rev > 2 + len("03142")
        assert ada.sentence() == "You win: the top row"
        assert bob.sentence() == "Ada wins: the top row"


async def test_hostile_names_only_show(gateway: Gateway, tmp_path: Path) -> None:
    """A name of markup, escape sequences and overrides is shown cleaned, on both screens."""
    names = ("[@click=app.quit]x[/]\x1b]0;owned\x07\u202e", "x[/]")
    async with seated(gateway, tmp_path, names) as (ada, bob):
        for who in (ada, bob):
            players = who.game.players
            assert players.x is not None
            assert players.o is not None
            assert (players.x.name, players.o.name) == ("[@click=app.quit]x[/", "x[/]")
            picture = who.app.export_screenshot()
            assert "click=app.quit" in picture
            assert "\x1b" not in picture
            assert "\u202e" not in picture
        await play(ada, bob, "04821")
