"""Line mode: the whole game over the same client, for screen readers, pipes and dumb terminals.

Says what happens in sentences, obeys one command a line. No Textual.
"""

import asyncio
import contextlib
import os
import shlex
import sys
import threading
from collections.abc import Callable
from io import TextIOWrapper
from typing import Final, get_args

from shared.errors import Refusal
from shared.messages import EMOTES
from shared.replay import moves_of
from tui.client.client import Client, Unreachable
from tui.client.seats import Seats
from tui.client.state import ClientState, ConnectionStatus, Happening, Table
from tui.computer import PracticeClient
from tui.embedded import ensure
from tui.folders import state_folder
from tui.options import (
    JoinGame,
    Level,
    Options,
    PlayComputer,
    ShowLobby,
    ShowReplay,
    StartGame,
    WatchGame,
)
from tui.own_command import program
from tui.plain import sentences
from tui.words.digits import cell_of_digit
from tui.words.phrases import join_words, opponent_name

_QUIT: Final = frozenset({"quit", "exit", "q"})
_ASKED_SECONDS: Final = 0.2
_CHUNK: Final = 4096
_LONGEST_NUMBER: Final = 9

Say = Callable[[str], None]


class Lines:
    """The lines of the input as they come; ``ended`` when there are no more."""

    def __init__(self, *, typed: bool) -> None:
        self.typed = typed
        """Whether a person types them, who can be told that it is not yet his turn."""
        self.ended = False
        self._waiting: list[str] = []
        self._more = asyncio.Event()

    def put(self, line: str | None) -> None:
        """A line, or None at the end of the input."""
        if line is None:
            self.ended = True
        elif line.strip():
            self._waiting.append(line.strip())
        self._more.set()

    def look(self) -> str | None:
        """The next line, which stays; None when there is none yet."""
        return self._waiting[0] if self._waiting else None

    def take(self) -> str:
        return self._waiting.pop(0)

    async def come(self) -> None:
        """Returns after something was put."""
        self._more.clear()
        await self._more.wait()

    def wake(self) -> None:
        self._more.set()


class Plain:
    """One player's conversation in lines."""

    def __init__(self, options: Options, client: Client, lines: Lines, say: Say) -> None:
        self._options = options
        self._client = client
        self._lines = lines
        self._say = say
        self._table_id: str | None = None
        self._claim_told: int | None = None
        self._heard = client.state
        self._opened = False

    async def run(self) -> bool:
        """Plays until the player leaves, or the input ends and there is nothing left to hear.

        Returns whether he wants to go on elsewhere.

        Raises:
            Refusal: what the command line asked for cannot be had.
            Unreachable: nor can the server; or it is lost for good, and nobody is there to wait.
        """
        stop = self._client.subscribe(self._listen)
        reminding = asyncio.create_task(self._remind())
        try:
            await self._open()
            self._opened = True
            while (line := await self._next_line()) is not None:
                if line.lower() in _QUIT:
                    break
                if not await self._obey(line):
                    return True
            await self._bow_out()
            if self._given_up():
                raise Unreachable(self._client.state.failure or "The server cannot be reached.")
        except asyncio.CancelledError:  # Ctrl+C
            self._say_farewell()
            raise
        finally:
            stop()
            reminding.cancel()
        return False

    # --- Hearing -----------------------------------------------------------------------------

    def _listen(self, state: ClientState, _happening: Happening) -> None:
        before, self._heard = self._heard, state
        if state.warning is not None and state.warning != before.warning:
            self._say(state.warning)
        if not self._given_up():  # else it is said by whom the program ends
            for sentence in sentences.connection_news(before, state):
                self._say(sentence)
        table = state.tables.get(self._table_id or "")
        known = before.tables.get(self._table_id or "")
        if table is not None and known is not None:
            for sentence in sentences.table_news(known, table, numpad=self._options.numpad):
                self._say(sentence)
            if table.onward is not None and table.onward in state.tables:
                self._sit(state.tables[table.onward])
        self._lines.wake()

    async def _remind(self) -> None:
        """Says when a claim becomes possible, which no event does."""
        while True:
            await asyncio.sleep(_ASKED_SECONDS)
            table = self._table()
            if table is None or table.claim_at is None or table.claim_at == self._claim_told:
                continue
            if not self._client.state.remaining_ms(table.claim_at, self._client.now_ms()):
                self._claim_told = table.claim_at
                self._say("You can claim the game now: type claim.")

    def _table(self) -> Table | None:
        return self._client.state.tables.get(self._table_id or "")

    def _sit(self, table: Table) -> None:
        self._table_id = table.id
        for sentence in sentences.seated(table, numpad=self._options.numpad):
            self._say(sentence)

    # --- Opening -----------------------------------------------------------------------------

    async def _open(self) -> None:
        match self._options.opening:
            case StartGame(mark=mark, listed=listed, clock=clock):
                self._host(await self._client.start(mark, listed=listed, clock=clock))
            case JoinGame(code=code):
                self._sit(await self._client.join(code))
            case WatchGame(code=code):
                self._sit(await self._client.watch(code))
            case PlayComputer() if isinstance(self._client, PracticeClient):
                await self._client.begin()
                self._sit(next(iter(self._client.state.tables.values())))
            case _:
                await self._enter_lobby()

    def _host(self, table: Table) -> None:
        self._sit(table)
        if table.game.status == "waiting":
            self._say(f"Your opponent types: {self._join_command(table)}")

    def _join_command(self, table: Table, *options: str) -> str:
        return shlex.join(join_words(table.id, self._options.url, (*program(), *options)))

    async def _enter_lobby(self) -> None:
        self._table_id = None
        for seat, game in await self._client.resumable():
            turn = ", your turn" if game.turn is seat.mark else ""
            self._say(f"You left game {seat.id}{turn}: type resume {seat.id}")
        await self._list()
        self._say("Type match, new, join CODE, watch CODE, practice, list, quit or ? for help.")

    async def _list(self) -> None:
        await self._client.refresh_lobby("open")
        await self._client.refresh_lobby("live")
        state = self._client.state
        for games, title in ((state.open_games, "Open games"), (state.live_games, "To watch")):
            self._say(f"{title}: {'none' if not games else len(games)}")
            for game in games:
                self._say(sentences.listing(game))

    # --- Obeying -----------------------------------------------------------------------------

    async def _next_line(self) -> str | None:
        """The next command that can be obeyed now; None when no more can come."""
        while True:
            line = self._lines.look()
            if line is not None and self._is_time_for(line):
                return self._lines.take()
            if line is None and self._lines.ended and self._nothing_to_come():
                return None
            if self._given_up() and (line is not None or self._lines.ended):
                return None
            await self._lines.come()

    def _is_time_for(self, line: str) -> bool:
        """A program that writes all its moves at once has them played one by one."""
        table = self._table()
        if self._lines.typed or table is None or table.seat is None or table.finished:
            return True
        return not line.isdecimal() or table.my_turn or not table.alive

    def _given_up(self) -> bool:
        """Whether nobody tries to connect any more, and no person at a prompt can say so."""
        asked = self._opened and self._lines.typed
        return not asked and self._client.state.connection is ConnectionStatus.FAILED

    def _nothing_to_come(self) -> bool:
        table = self._table()
        return self._lines.typed or table is None or not _may_go_on(table)

    async def _obey(self, line: str) -> bool:
        """Does what a line says; False when the player has left for good."""
        word, _, rest = line.partition(" ")
        word = word.lower()
        self._client.reconnect()
        try:
            if self._table() is None:
                return await self._obey_in_lobby(word, rest.strip())
            return await self._obey_at_table(word, rest.strip())
        except Refusal as refusal:
            self._say(refusal.message)
        except Unreachable as unreachable:
            self._say(unreachable.sentence)
        return True

    async def _obey_in_lobby(self, word: str, rest: str) -> bool:
        match word:
            case "?" | "help":
                self._say(sentences.IN_THE_LOBBY)
            case "list":
                await self._list()
            case "match":
                self._host(await self._client.match(self._options.clock))
            case "new":
                self._host(await self._client.start(listed=True, clock=self._options.clock))
            case "resume" if not rest:
                await self._resume()
            case "join" | "resume":
                self._sit(await self._client.join(rest))
            case "watch":
                self._sit(await self._client.watch(rest))
            case "practice":
                return await self._practise(rest)
            case _:
                self._say(f"{word!r} is no command here; type ? for help.")
        return True

    async def _obey_at_table(self, word: str, rest: str) -> bool:
        game_id = self._table_id or ""
        match word:
            case "?" | "help":
                self._say(sentences.help_text(numpad=self._options.numpad))
            case "board":
                self._read_board()
            case "resign":
                await self._client.resign(game_id)
            case "claim":
                await self._client.claim(game_id)
            case "rematch":
                await self._offer_rematch()
            case "say":
                await self._speak(rest)
            case "leave":
                return await self._leave()
            case _ if word.isdecimal():
                await self._play(int(word[:_LONGEST_NUMBER]))
            case _:
                self._say(f"{word!r} is no command here; type ? for help.")
        return True

    async def _play(self, digit: int) -> None:
        table = self._table()
        if table is None or not 1 <= digit <= 9:
            self._say("The cells are 1 to 9.")
        elif not table.my_turn:
            self._say("The game is over." if table.finished else "It is not your turn.")
        else:
            cell = cell_of_digit(digit, numpad=self._options.numpad)
            if cell in table.choices:
                await self._client.play(table.id, cell)
            else:
                self._say(
                    f"{digit} is taken. {sentences.stands(table, numpad=self._options.numpad)}"
                )

    def _read_board(self) -> None:
        table = self._table()
        if table is not None:
            for sentence in sentences.board_lines(table.game, numpad=self._options.numpad):
                self._say(sentence)
            self._say(sentences.stands(table, numpad=self._options.numpad))

    async def _resume(self) -> None:
        """Goes back to the game that was left, where there is only one."""
        seats = [seat for seat, _ in await self._client.resumable()]
        if len(seats) == 1:
            self._sit(await self._client.resume(seats[0]))
        else:
            left = ", ".join(seat.id for seat in seats)
            self._say(f"Which one? You left {left}." if left else "You left no game.")

    async def _offer_rematch(self) -> None:
        table = self._table()
        if table and table.finished and table.opponent and table.opponent.away == "left":
            self._say(f"{opponent_name(table)} has left the table: there is no rematch.")
        else:
            await self._client.rematch(self._table_id or "")

    async def _speak(self, word: str) -> None:
        for emote in EMOTES:
            if emote == word:
                await self._client.emote(self._table_id or "", emote)
                return
        self._say(f"You can say {', '.join(EMOTES)}.")

    async def _leave(self) -> bool:
        await self._bow_out()
        if not isinstance(self._options.opening, ShowLobby):
            return False
        await self._enter_lobby()
        return True

    async def _practise(self, level: str) -> bool:
        """A game against the computer, inside the lobby's session; leaving it leads back here."""
        for known in get_args(Level):
            if known == (level or "medium"):
                if not await _practised(self._options, known, self._lines, self._say):
                    self._lines.put("quit")
                    return True
                await self._enter_lobby()
                return True
        self._say(f"The levels are {', '.join(get_args(Level))}.")
        return True

    async def _bow_out(self) -> None:
        """Leaves the table in good order; a game that runs can be resumed."""
        table = self._say_farewell()
        self._table_id = None
        if table is not None and self._client.state.connection is ConnectionStatus.ONLINE:
            with contextlib.suppress(Unreachable):
                await self._client.leave(table.id)

    def _say_farewell(self) -> Table | None:
        """Says how to come back; the table that is to be left, if it still matters to anybody."""
        table = self._table()
        if table is None or table.replaced or table.gone:
            return None
        kept = table.seat is not None and table.game.status == "playing"
        if kept and not isinstance(self._client, PracticeClient):
            self._say(f"You can come back: {self._join_command(table, '--plain')}")
        return table


def _may_go_on(table: Table) -> bool:
    """Whether a game can reach its end without another word of the player's."""
    return table.alive and not table.finished and not table.my_turn


async def _practised(options: Options, level: Level, lines: Lines, say: Say) -> bool:
    opening = PlayComputer(level)
    options = Options(name=options.name, numpad=options.numpad, opening=opening)
    async with PracticeClient(level, name=options.name) as client:
        return await Plain(options, client, lines, say).run()


async def play(options: Options, lines: Lines, say: Say) -> None:
    """Plays as the command line asks."""
    if isinstance(options.opening, ShowReplay):
        _replay(options.opening.code, say)
        return
    if isinstance(options.opening, PlayComputer):
        await _practised(options, options.opening.level, lines, say)
        return
    seats = Seats(state_folder())
    async with Client(options.url or ensure, seats, name=options.name) as client:
        await Plain(options, client, lines, say).run()


def _replay(code: str, say: Say) -> None:
    moves = moves_of(code)
    for sentence in sentences.replayed(moves):
        say(sentence)
    say(sentences.replayed_end(moves))


def main(options: Options) -> int:
    """Plays on standard input and output, or without those that are closed.

    Raises:
        Unreachable: what the command line asked for cannot be had.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        asyncio.run(_on_standard_streams(options))
    except Refusal as refusal:
        raise Unreachable(refusal.message) from None
    return 0


async def _on_standard_streams(options: Options) -> None:
    lines = Lines(typed=sys.stdin is not None and sys.stdin.isatty())
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the game is over and its loop closed
            loop.call_soon_threadsafe(lines.put, line)

    def say(sentence: str) -> None:
        try:
            print(sentence, flush=True)  # noqa: T201 (line mode is what it prints)
        except BrokenPipeError:
            # Whoever read us is gone, and nobody may write to him at the end either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            lines.put("quit")

    if sys.stdin is None:
        lines.put(None)
    else:
        threading.Thread(target=_read, args=(sys.stdin.fileno(), put), daemon=True).start()
    await play(options, lines, say)


def _read(descriptor: int, put: Callable[[str | None], None]) -> None:
    """Reads lines without Python's buffer, whose lock would hang the end of the program."""
    rest = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(descriptor, _CHUNK):
            *complete, rest = (rest + chunk).split(b"\n")
            for line in complete:
                put(line.decode(errors="replace"))
    if rest:
        put(rest.decode(errors="replace"))
    put(None)
