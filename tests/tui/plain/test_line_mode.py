"""Line mode: whole games by lines, typed or from a pipe, over a real gateway."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backend.local.gateway import serve
from shared.board import Mark
from shared.errors import Refusal
from shared.replay import code_of
from tests.backend.memory import MemoryStore
from tests.tui.client.bench import until
from tests.tui.middleman import REFUSALS, middleman
from tui.client.address import Located
from tui.client.client import Address, Client, Unreachable
from tui.client.seats import Seats
from tui.client.timing import Timing
from tui.options import (
    JoinGame,
    Opening,
    Options,
    PlayComputer,
    ShowLobby,
    ShowReplay,
    StartGame,
    WatchGame,
)
from tui.plain import line_mode as plain
from tui.plain.line_mode import Lines, Plain, Say
from tui.record import RecordFile

Play = Callable[[Lines, Say], Coroutine[Any, Any, Any]]


class Reader:
    """What a player in line mode hears and types."""

    def __init__(
        self, play: Callable[[Lines, Say], Coroutine[Any, Any, Any]], *, typed: bool
    ) -> None:
        self.lines = Lines(typed=typed)
        self.heard: list[str] = []
        self._more = asyncio.Event()
        self.playing = asyncio.create_task(play(self.lines, self._hear))

    def _hear(self, sentence: str) -> None:
        self.heard.append(sentence)
        self._more.set()

    def types(self, *lines: str) -> None:
        for line in lines:
            self.lines.put(line)

    async def hears(self, beginning: str) -> str:
        """The next sentence that begins so; what comes before it is skipped."""
        async with asyncio.timeout(5):
            while True:
                while self.heard:
                    sentence = self.heard.pop(0)
                    if sentence.startswith(beginning):
                        return sentence
                self._more.clear()
                await self._more.wait()


Sit = Callable[..., Reader]


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(MemoryStore()) as gateway:
        yield gateway.url


@pytest.fixture
async def sit(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sit]:
    """Sits players down in line mode; all of them get up after the test."""
    monkeypatch.setenv("NOUGHTS_TUI_HOME", str(tmp_path))

    async def locate(_needed: str | None) -> Located:
        return Located(url, "here")

    monkeypatch.setattr(plain, "ensure", locate)
    monkeypatch.setattr(plain, "program", lambda: ("noughts-tui",))
    readers: list[Reader] = []

    def sit_down(opening: Opening, *, typed: bool = True, **options: Any) -> Reader:
        asked = Options(url=url, opening=opening, **options)
        reader = Reader(partial(plain.play, asked), typed=typed)
        readers.append(reader)
        return reader

    yield sit_down
    for reader in readers:
        reader.playing.cancel()
        await asyncio.gather(reader.playing, return_exceptions=True)


async def test_two_play_to_the_end(sit: Sit, url: str) -> None:
    """Two players in line mode play a game, and a rematch begins with marks swapped."""
    ada = sit(StartGame(), name="Ada")
    invitation = await ada.hears("Your opponent types: ")
    assert invitation.endswith(f" --url {url}")
    code = invitation.split()[5]
    bob = sit(JoinGame(code), name="Bob")
    assert await bob.hears("Game") == f"Game {code}: you play o against Ada."
    assert await ada.hears("Bob") == "Bob has come and plays o."
    for reader, digit, other in [
        *((ada, "1", bob), (bob, "4", ada), (ada, "2", bob), (bob, "5", ada)),
    ]:
        await reader.hears("Your move")
        reader.types(digit)
        await other.hears("xo"[reader is bob] + " takes")
    ada.types("9" * 5000, "1", "board", "3")
    assert await ada.hears("The cells") == "The cells are 1 to 9."
    assert await ada.hears("1 is taken.") == "1 is taken. Your move; free: 3 6 7 8 9"
    assert await ada.hears("x x") == "x x 3"
    assert await ada.hears("You win") == "You win: the top row."
    assert await bob.hears("Ada wins") == "Ada wins: the top row."
    ada.types("9", "rematch")
    assert await ada.hears("The game") == "The game is over."
    await bob.hears("Ada offers a rematch")
    bob.types("rematch")
    assert (await bob.hears("Game")).endswith("you play x against Ada.")
    assert (await ada.hears("Game")).endswith("you play o against Bob.")
    bob.types("say gg", "resign", "quit")
    assert await ada.hears("Bob:") == "Bob: Good game!"
    assert await ada.hears("You win") == "You win: Bob gave up."
    assert await ada.hears("Bob has") == "Bob has left the table."
    await bob.playing
    ada.types("rematch", "quit")
    assert await ada.hears("Bob has") == "Bob has left the table: there is no rematch."
    await ada.playing


async def test_a_person_is_told_that_it_is_not_his_turn(sit: Sit) -> None:
    """Who types too early is told so; what is no command is said to be none."""
    ada = sit(StartGame(mark="o"), name="Ada")
    ada.types("5", "dance", "?", "10", "say boo")
    assert await ada.hears("Nobody") == "Nobody has come yet."
    assert await ada.hears("'dance'") == "'dance' is no command here; type ? for help."
    assert "rematch offer or accept" in await ada.hears("1-9")
    assert await ada.hears("The cells") == "The cells are 1 to 9."
    assert await ada.hears("You can say") == (
        "You can say hello, nice, oops, thinking, gg, thanks."
    )
    ada.types("claim")
    assert await ada.hears("Nobody") == "Nobody has joined this game yet."


@pytest.mark.parametrize(
    "line",
    [
        "join {code}.",
        "\uff4a\uff4f\uff49\uff4e \u201e{code}\u201c",
        "noughts-tui join {code}",
        "Your opponent types: noughts-tui join {code}",
        "`{code}`",
    ],
)
async def test_an_invitation_that_is_pasted(sit: Sit, line: str) -> None:
    """A code is read out of whatever stands around it, as it is in the full screen."""
    ada = sit(StartGame(), name="Ada")
    code = (await ada.hears("Your opponent types: ")).split()[5]
    # A code of letters alone is no invitation without its command.
    bob = sit(ShowLobby(), name="Bob")
    await bob.hears("Type match")
    bob.types(line.format(code=code) if any(map(str.isdecimal, code)) else f"join {code}")
    assert await bob.hears("Game") == f"Game {code}: you play o against Ada."


async def test_a_replay_is_told_from_a_game(sit: Sit) -> None:
    """Who types the code of a replay is told the command that shows it."""
    ada = sit(ShowLobby())
    await ada.hears("Type match")
    for line in ("join R-7Y61", "Replay code: R-7Y61"):
        ada.types(line)
        assert await ada.hears("R-7Y61") == "R-7Y61 is a replay: noughts-tui replay R-7Y61"
    ada.types("cancel")
    assert await ada.hears("'cancel'") == "'cancel' is no command here; type ? for help."


async def test_a_digit_of_another_script_from_the_keyboard(sit: Sit) -> None:
    """A cell is played by its digit in any script."""
    ada = sit(StartGame(mark="o"), name="Ada")
    await ada.hears("Your opponent types: ")
    ada.types("\uff15")
    assert await ada.hears("Nobody") == "Nobody has come yet."


async def test_moves_from_a_pipe_wait_for_their_turn(sit: Sit) -> None:
    """A program that writes all its moves at once plays them one by one, and ends with the game."""
    ada = sit(StartGame(), typed=False, name="Ada")
    code = (await ada.hears("Your opponent types: ")).split()[5]
    ada.types("1", "2", "3")
    ada.lines.put(None)
    bob = sit(JoinGame(code), typed=False, name="Bob")
    bob.types("4", "5")
    bob.lines.put(None)
    assert await ada.hears("You win") == "You win: the top row."
    assert await bob.hears("Ada wins") == "Ada wins: the top row."
    await asyncio.gather(ada.playing, bob.playing)


async def test_a_pipe_that_ends_in_the_middle(sit: Sit, url: str) -> None:
    """When nobody can move any more the player leaves, and is told how to come back."""
    ada = sit(StartGame(), typed=False, name="Ada")
    code = (await ada.hears("Your opponent types: ")).split()[5]
    ada.lines.put(None)
    bob = sit(JoinGame(code), name="Bob")
    told = await ada.hears("You can come back until ")
    assert told.endswith(f": noughts-tui --plain join {code} --url {url}")
    await ada.playing
    assert await bob.hears("Ada has left") == "Ada has left the table."
    again = sit(JoinGame(code), name="Ada")
    assert await again.hears("Game") == f"Game {code}: you play x against Bob."
    assert await bob.hears("Ada is back") == "Ada is back."


async def test_the_lobby(sit: Sit, url: str) -> None:
    """From the lobby one joins a listed game, leaves it and finds it to resume."""
    async with Client(url, Seats(None), name="Ada") as ada:
        code = (await ada.start(listed=True, clock=30)).id
        bob = sit(ShowLobby(), name="Bob")
        assert await bob.hears("Open") == "Open games: 1"
        assert await bob.hears(code) == f"{code}: Ada waits, you would play o, 30 seconds a move"
        bob.types("dance", "join HELLO", f"join {code.lower()}")
        await bob.hears("'dance' is no command")
        await bob.hears("That is no game code")
        assert await bob.hears("Game") == f"Game {code}: you play o against Ada."
        bob.types("leave")
        await bob.hears("You can come back")
        assert await bob.hears("You left") == f"You left game {code}: type resume {code}"
        assert await bob.hears("To watch") == "To watch: 1"
        bob.types("list", f"watch {code}", "leave", "new", "leave", "match", "leave", "quit")
        await bob.hears("You watch game")
        assert (await bob.hears("Game")).endswith("you play x and wait for an opponent.")
        await bob.playing


async def test_the_only_game_left(sit: Sit, url: str) -> None:
    """`resume` alone goes back to the game that was left, and asks which where there are two."""
    bob = sit(ShowLobby(), name="Bob")
    bob.types("resume")
    assert await bob.hears("You left no") == "You left no game."
    async with Client(url, Seats(None), name="Ada") as ada:
        codes = [(await ada.start()).id for _ in range(2)]
        bob.types(f"join {codes[0]}", "leave", "resume")
        for _ in range(2):
            assert await bob.hears("Game") == f"Game {codes[0]}: you play o against Ada."
        bob.types("leave", f"join {codes[1]}", "leave", "resume", "quit")
        assert await bob.hears("Which") == f"Which one? You left {codes[1]}, {codes[0]}."
        await bob.playing


async def test_an_interrupted_game(sit: Sit) -> None:
    """Ctrl+C, too, tells how to come back."""
    ada = sit(StartGame(), name="Ada")
    sit(JoinGame((await ada.hears("Your opponent types: ")).split()[5]), name="Bob")
    await ada.hears("Your move")
    ada.playing.cancel()
    assert ": noughts-tui --plain join" in await ada.hears("You can come back until ")


async def test_practice_in_the_lobby(sit: Sit) -> None:
    """The computer is one word away, and leaving it leads back to the lobby."""
    ada = sit(ShowLobby(), name="Ada")
    ada.types("practice hard", "practice perfect", "5")
    assert await ada.hears("The levels") == "The levels are easy, medium, perfect."
    assert (await ada.hears("Game")).endswith("you play x against Computer (perfect).")
    await ada.hears("o takes")
    ada.types("leave")
    await ada.hears("Type match")
    ada.types("practice", "quit")
    await ada.playing


async def test_watching(sit: Sit, url: str) -> None:
    """A watcher hears both players' moves and the end."""
    async with Client(url, Seats(None)) as ada, Client(url, Seats(None)) as bob:
        code = (await ada.start()).id
        await bob.join(code)
        watcher = sit(WatchGame(code), typed=False)
        watcher.lines.put(None)
        await watcher.hears("You watch game")
        await ada.play(code, 4)
        assert await watcher.hears("x") == "x takes the centre."
        await bob.resign(code)
        assert await watcher.hears("Player X wins") == "Player X wins: Player O gave up."
        await watcher.playing


async def test_a_replay_needs_no_server(sit: Sit) -> None:
    """A replay code is read without a connection."""
    ada = sit(ShowReplay("R-0001"))
    assert await ada.hears("1.") == "1. x takes the top left."
    await ada.playing


async def test_a_game_that_does_not_exist(sit: Sit) -> None:
    """What cannot be opened ends line mode with the server's sentence."""
    ada = sit(JoinGame("AAAAAA"))
    with pytest.raises(Refusal) as caught:
        await ada.playing
    assert caught.value.message == "There is no game with that code."


@contextlib.contextmanager
def program(home: Path, url: str, *arguments: str) -> Any:
    environment = {**os.environ, "NOUGHTS_TUI_HOME": str(home), "WEBSOCKET_URL": url}
    with subprocess.Popen(
        [sys.executable, "-m", "tui", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env=environment,
        text=True,
    ) as process:
        yield process


async def _in_thread(call: Callable[..., Any], *arguments: Any) -> Any:
    awaited: Awaitable[Any] = asyncio.to_thread(call, *arguments)
    return await awaited


async def test_through_a_real_pipe(url: str, tmp_path: Path) -> None:
    """A program that is a pipe plays a person's client to the end and exits with 0."""
    async with Client(url, Seats(None), name="Ada") as ada:
        code = (await ada.start(mark="o")).id
        with program(tmp_path, url, "join", code, "--name", "Pipe") as piped:
            reading = asyncio.create_task(_in_thread(piped.communicate, "1\n2\n3\n"))
            changed = asyncio.Event()
            ada.subscribe(lambda _state, _happening: changed.set())
            while not (table := ada.state.tables[code]).finished:
                if table.my_turn:
                    await ada.play(code, next(cell for cell in (3, 4, 8) if cell in table.choices))
                changed.clear()
                if ada.state.tables[code] == table:
                    await changed.wait()
            said, failed = await reading
        assert ada.state.tables[code].game.winner is Mark.X
        assert said.splitlines()[0] == f"Game {code}: you play x against Ada."
        assert "You win: the top row." in said.splitlines()
        assert (failed, piped.returncode) == ("", 0)


async def test_a_failure_is_one_line_and_status_1(url: str, tmp_path: Path) -> None:
    """A game that is not there is one line on stderr."""
    with program(tmp_path, url, "join", "AAAAAA", "--plain") as process:
        said, failed = await _in_thread(process.communicate, "")
    assert (said, failed) == ("", "noughts-tui: There is no game with that code.\n")
    assert process.returncode == 1


async def test_practice_from_the_command_line(sit: Sit) -> None:
    """`practice` begins at once and ends when the player leaves."""
    ada = sit(PlayComputer("easy"), name="Ada")
    assert (await ada.hears("Game")).endswith("you play x against Computer (easy).")
    ada.types("quit")
    await ada.playing


async def test_damaged_seats_are_told_of(sit: Sit, tmp_path: Path) -> None:
    """A player in line mode hears at once that his seats could not be read."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "seats.json").write_text("{")
    ada = sit(ShowLobby())
    await ada.hears("The saved seats could not be read; the file is kept as ")
    await ada.hears("Type match")


HASTY = Timing(reconnect=0.001, reconnect_most=0.01)


@contextlib.asynccontextmanager
async def conversing(
    url: Address, opening: Opening, *, typed: bool, home: Path | None = None
) -> AsyncIterator[Reader]:
    """A player whose client waits less long than a real one."""
    async with Client(url, Seats(home), timing=HASTY) as client, asyncio.timeout(5):

        async def play(lines: Lines, say: Say) -> None:
            await Plain(Options(opening=opening), client, lines, say, RecordFile(home)).run()

        reader = Reader(play, typed=typed)
        yield reader
        reader.playing.cancel()
        await asyncio.gather(reader.playing, return_exceptions=True)


@pytest.mark.parametrize("opening", [StartGame(), ShowLobby()])
async def test_an_open_pipe_whose_server_cannot_be_reached(opening: Opening) -> None:
    """A program is not left waiting for a server that nobody tries to reach any more."""
    async with conversing("no address", opening, typed=False) as pipe:
        with pytest.raises(Unreachable) as caught:
            await pipe.playing
    assert caught.value.sentence == "no address is not the address of a server."


@pytest.mark.parametrize("typed", [True, False])
async def test_a_server_that_comes_back(url: str, typed: bool) -> None:
    """Whoever was connected hears that he is again, whatever the address led to meanwhile."""
    async with contextlib.AsyncExitStack() as running:
        first = await running.enter_async_context(serve(MemoryStore()))
        addresses = [first.url, "no address", url]

        async def locate(_needed: str | None) -> Located:
            return Located(addresses.pop(0), "here")

        async with conversing(locate, ShowLobby(), typed=typed) as ada:
            await ada.hears("Type match")
            await running.aclose()
            await ada.hears("The connection is lost; trying again.")
            ada.types("list")
            await ada.hears("Connected again.")
            assert await ada.hears("Open games") == "Open games: none"


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("fault", ["cut", "half open"])
async def test_every_line_is_answered_at_once(url: str, typed: bool, fault: str) -> None:
    """Behind a dead connection a move is on its way, and the board and the way out are at hand."""
    async with Client(url, Seats(None), name="Bob") as bob, middleman(url) as between:
        code = (await bob.start(mark="o")).id
        async with conversing(between.url, JoinGame(code), typed=typed) as ada:
            await ada.hears("Your move")
            between.freeze()
            between.refusal = b""
            if fault == "cut":
                between.cut()
                await ada.hears("The connection is lost; trying again.")
            ada.types("5")
            assert await ada.hears("Your move is") == "Your move is on its way."
            ada.types("board")
            assert await ada.hears("7 8 9") == "7 8 9"
            assert await ada.hears("Your move is") == "Your move is on its way."
            ada.types("quit")
            await ada.hears("Your last move has not reached the server.")
            assert f" --plain join {code}" in await ada.hears("You can come back until")
            await ada.playing


async def test_a_move_made_offline_is_played(url: str) -> None:
    """A line typed while there is no connection is obeyed when there is one."""
    async with Client(url, Seats(None), name="Bob") as bob, middleman(url) as between:
        code = (await bob.start(mark="o")).id
        async with conversing(between.url, JoinGame(code), typed=True) as ada:
            await ada.hears("Your move")
            between.refusal = REFUSALS["forbidden"]
            between.cut()
            await ada.hears("The connection is lost; trying again.")
            ada.types("5", "6", "say hello", "claim")
            assert await ada.hears("Your move is") == "Your move is on its way."
            assert await ada.hears("Your move is") == "Your move is on its way."
            await ada.hears("Nobody hears you without a connection.")
            await ada.hears("Nothing can be claimed without a connection.")
            between.refusal = None
            await ada.hears("Connected again.")
            assert await ada.hears("x takes") == "x takes the centre."


async def test_joining_where_nobody_listens() -> None:
    """Whoever waits for a server hears why, can play the computer meanwhile, and can go."""
    async with conversing("ws://127.0.0.1:1", JoinGame("AAAAAA"), typed=True) as ada:
        assert await ada.hears("Nothing") == "Nothing listens at ws://127.0.0.1:1. Trying again."
        ada.types("list")
        assert await ada.hears("Joining AAAAAA. ") == (
            "Joining AAAAAA. Nothing listens at ws://127.0.0.1:1. Type quit to end."
        )
        ada.types("practice easy")
        assert (await ada.hears("Game")).endswith("you play x against Computer (easy).")
        ada.types("quit")
        await ada.playing


async def test_what_happened_meanwhile_is_told(url: str, tmp_path: Path) -> None:
    """A game that was lost while the player was away is told of once, and counted."""
    async with Client(url, Seats(None), name="Bob") as bob:
        code = (await bob.start()).id
        async with conversing(url, JoinGame(code), typed=True, home=tmp_path) as ada:
            await ada.hears("Game")
            await bob.play(code, 4)
            await ada.hears("Your move")
            ada.types("1")
            await ada.hears("o takes")
            ada.types("quit")
            await ada.playing
        for cell in (2, 6):
            if cell == 6:
                async with conversing(url, JoinGame(code), typed=True, home=tmp_path) as ada:
                    await ada.hears("Your move")
                    ada.types("2", "quit")
                    await ada.hears("o takes")
                    await ada.playing
            await until(bob, lambda state: state.tables[code].my_turn)
            await bob.play(code, cell)
        assert bob.state.tables[code].finished
        async with conversing(url, ShowLobby(), typed=True, home=tmp_path) as ada:
            assert await ada.hears("While") == (
                f"While you were away game {code} ended. Bob wins: the diagonal."
            )
            assert await ada.hears("Replay") == f"Replay code: {code_of('40216')}"
            await ada.hears("Type match")
            assert RecordFile(tmp_path).read().lost == 1
        async with conversing(url, ShowLobby(), typed=True, home=tmp_path) as ada:
            await ada.hears("Type match")
            assert not any("away" in sentence for sentence in ada.heard)


async def test_a_password_is_not_told_on(url: str) -> None:
    """The invitation leads to the server, without the password of who invites."""
    lines, heard = Lines(typed=True), asyncio.Queue[str]()
    options = Options(url="wss://ada:secret@example.org/game?a=1&b=2", opening=StartGame())
    async with Client(url, Seats(None)) as client:
        playing = asyncio.create_task(Plain(options, client, lines, heard.put_nowait).run())
        await heard.get()
        assert (await heard.get()).endswith(" --url 'wss://example.org/game?a=1&b=2'")
        lines.put("quit")
        await playing


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of this kind")
@pytest.mark.parametrize("command", ["", "doctor"])
@pytest.mark.parametrize("streams", ["<&-", "<&- >&-"])
async def test_closed_streams(url: str, tmp_path: Path, command: str, streams: str) -> None:
    """Who gives a program nothing to read from or to write to sees no traceback."""
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m tui {command} {streams}",
        cwd=Path(__file__).parents[3],
        env={**os.environ, "NOUGHTS_TUI_HOME": str(tmp_path), "WEBSOCKET_URL": url},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, failed = await process.communicate()
    assert (failed, process.returncode) == (b"", 0)
