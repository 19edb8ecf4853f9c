"""Line mode: the whole game over the same client, for screen readers, pipes and dumb terminals.

Says what happens in sentences, obeys one command a line. No Textual.
"""

import asyncio
import contextlib
import os
import shlex
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from io import TextIOWrapper
from typing import Any, Final, assert_never, get_args

from shared.errors import Refusal
from shared.messages import EMOTES
from shared.replay import moves_of
from shared.text import typed
from tui.client.actions import can_claim
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
from tui.record import RecordFile
from tui.words.codes import GameCode, ReplayCode, read_code
from tui.words.digits import cell_of_digit
from tui.words.farewell import farewell
from tui.words.news import Ended, news
from tui.words.phrases import join_words, opponent_name
from tui.words.remarks import why_no_move

_QUIT: Final = frozenset({"quit", "exit", "q"})
_AT_ONCE: Final = frozenset({"board", "?", "help"})
"""What asks nothing of the server."""
_OFFLINE: Final = frozenset({ConnectionStatus.RECONNECTING, ConnectionStatus.FAILED})
_MOVE_ON_ITS_WAY: Final = "Your move is on its way."
_ASKED_SECONDS: Final = 0.2
_CHUNK: Final = 4096
_LONGEST_NUMBER: Final = 9
_MOMENT_SECONDS: Final = 0.25
"""How long an answer may take before the player is told that he waits for one."""

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
        elif line := typed(line).strip():
            self._waiting.append(line)
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
    """One player's conversation in lines: every line is answered at once, however slow the server.

    What a line asks of the server goes on in the background, and comes back as sentences.
    """

    def __init__(
        self,
        options: Options,
        client: Client,
        lines: Lines,
        say: Say,
        record: RecordFile | None = None,
    ) -> None:
        self._options = options
        self._client = client
        self._lines = lines
        self._say = say
        self._record = record or RecordFile(None)
        self._table_id: str | None = None
        self._claim_told: int | None = None
        self._heard = client.state
        self._underway: set[asyncio.Task[None]] = set()
        self._slow: set[asyncio.Task[None]] = set()
        """Of what is under way, what the player has been told to wait for."""
        self._entering = ""
        """What leads to a table or to the lobby and has not come there yet; empty if nothing."""
        self._failure: BaseException | None = None
        """Why what the command line asked for cannot be had, or what went wrong here."""

    async def run(self) -> bool:
        """Plays until the player leaves, or the input ends and there is nothing left to hear.

        Returns whether he wants to go on elsewhere.

        Raises:
            Refusal: what the command line asked for cannot be had.
            Unreachable: nor can the server.
        """
        stop = self._client.subscribe(self._listen)
        reminding = asyncio.create_task(self._remind())
        try:
            self._begin_opening()
            while (line := await self._next_line()) is not None:
                if line.lower() in _QUIT:
                    break
                if not await self._obey(line):
                    return True
            if self._failure is not None:
                raise self._failure
            await self._bow_out()
        except asyncio.CancelledError:  # Ctrl+C
            self._say_farewell()
            raise
        finally:
            stop()
            reminding.cancel()
            await self._drop()
        return False

    # --- Hearing -----------------------------------------------------------------------------

    def _listen(self, state: ClientState, _happening: Happening) -> None:
        before, self._heard = self._heard, state
        if state.warning is not None and state.warning != before.warning:
            self._say(state.warning)
        if not (self._entering and state.connection is ConnectionStatus.FAILED):
            # else it is said by whom the command ends
            for sentence in sentences.connection_news(before, state):
                self._say(sentence)
        self._tell_missed(before, state)
        self._count(before, state)
        table = state.tables.get(self._table_id or "")
        known = before.tables.get(self._table_id or "")
        if table is not None and known is not None:
            for sentence in sentences.table_news(known, table, numpad=self._options.numpad):
                self._say(sentence)
            if table.onward is not None and table.onward in state.tables:
                self._sit(state.tables[table.onward])
        self._lines.wake()

    def _tell_missed(self, before: ClientState, state: ClientState) -> None:
        counted = self._record.read().games if state.missed != before.missed else ()
        for missed in state.missed:
            if missed not in before.missed and missed.id not in counted:
                for sentence in sentences.missed(missed):
                    self._say(sentence)

    def _count(self, before: ClientState, state: ClientState) -> None:
        if not isinstance(self._client, PracticeClient):
            for each in news(before, state):
                if isinstance(each, Ended):
                    self._record.add(each.id, each.result)

    async def _remind(self) -> None:
        """Says when a claim becomes possible, which no event does."""
        while True:
            await asyncio.sleep(_ASKED_SECONDS)
            table = self._table()
            if table is None or table.claim_at is None or table.claim_at == self._claim_told:
                continue
            if can_claim(self._client.state, table, self._client.now_ms()):
                self._claim_told = table.claim_at
                self._say("You can claim the game now: type claim.")

    def _table(self) -> Table | None:
        return self._client.state.tables.get(self._table_id or "")

    def _sit(self, table: Table) -> None:
        self._table_id = table.id
        for sentence in sentences.seated(table, numpad=self._options.numpad):
            self._say(sentence)

    # --- Asking ------------------------------------------------------------------------------

    def _ask(self, asking: Coroutine[Any, Any, None], on_its_way: str) -> None:
        """Asks the server in the background; what takes longer than a moment is said to do so."""
        self._go_about(self._told(asking), on_its_way)

    def _enter(self, entering: Coroutine[Any, Any, None], doing: str) -> None:
        """As `_ask`, for what leads somewhere else: one such thing at a time."""
        self._entering = doing
        self._go_about(self._entered(self._told(entering)), doing)

    def _begin_opening(self) -> None:
        doing = sentences.opening(self._options.opening)
        self._entering = doing
        self._go_about(self._entered(self._opened()), doing)

    def _go_about(self, task: Coroutine[Any, Any, None], on_its_way: str) -> None:
        going = asyncio.create_task(task)
        self._underway.add(going)
        offline = self._client.state.connection in _OFFLINE
        moment = 0 if offline else _MOMENT_SECONDS
        clock = asyncio.get_running_loop().call_later(moment, self._say_slow, going, on_its_way)
        going.add_done_callback(partial(self._gone_about, clock))

    def _gone_about(self, clock: asyncio.TimerHandle, task: asyncio.Task[None]) -> None:
        clock.cancel()
        self._underway.discard(task)
        self._slow.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
        self._lines.wake()

    def _say_slow(self, task: asyncio.Task[None], sentence: str) -> None:
        self._slow.add(task)
        self._say(sentence)
        self._lines.wake()

    async def _told(self, asking: Coroutine[Any, Any, None]) -> None:
        try:
            await asking
        except Refusal as refusal:
            self._say(refusal.message)
        except Unreachable as unreachable:
            self._say(unreachable.sentence)

    async def _entered(self, entering: Coroutine[Any, Any, None]) -> None:
        try:
            await entering
        finally:
            self._entering = ""

    async def _opened(self) -> None:
        try:
            await self._open()
        except (Refusal, Unreachable) as failure:
            self._failure = failure

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
            case ShowLobby() | PlayComputer() | ShowReplay():
                await self._enter_lobby()
            case opening:
                assert_never(opening)

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
        self._client.told()
        await self._list()
        self._say("Type match, new, join CODE, watch CODE, practice, list, quit or ? for help.")

    async def _list(self) -> None:
        await self._client.refresh_lobby()
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
            if self._failure is not None and not self._entering:
                return None
            if line is not None and self._is_time_for(line):
                return self._lines.take()
            if line is None and self._lines.ended and self._nothing_to_come():
                return None
            await self._lines.come()

    def _is_time_for(self, line: str) -> bool:
        """Lines are obeyed one by one, but none waits for long for the line before it.

        A program that writes all its lines at once has each of them wait for its turn.
        """
        if self._underway - self._slow:
            return False
        word = line.lower().partition(" ")[0]
        if self._lines.typed or word in _QUIT:
            return True
        if self._entering:
            return False
        if word in _AT_ONCE:
            return True
        table = self._table()
        if table is not None and table.seat is not None and table.alive and not table.finished:
            return table.my_turn if line.isdecimal() else not self._underway
        return not self._underway

    def _nothing_to_come(self) -> bool:
        if self._lines.typed:
            return True
        table = self._table()
        return not self._underway and (table is None or not _may_go_on(table))

    async def _obey(self, line: str) -> bool:
        """Does what a line says; False when the player has left for good."""
        word, _, rest = line.partition(" ")
        word, rest = word.lower(), rest.strip()
        self._client.reconnect()
        if self._entering and word != "practice":
            return self._obey_on_the_way(word)
        if self._table() is None:
            return await self._obey_in_lobby(word, rest)
        return await self._obey_at_table(word, rest)

    def _obey_on_the_way(self, word: str) -> bool:
        """Answers a line that comes before what was asked for has led anywhere."""
        if word in {"?", "help"}:
            self._say(sentences.IN_THE_LOBBY)
        else:
            why = self._client.state.failure
            self._say(f"{self._entering}{f' {why}' if why else ''} Type quit to end.")
        return True

    async def _obey_in_lobby(self, word: str, rest: str) -> bool:
        match word:
            case "?" | "help":
                self._say(sentences.IN_THE_LOBBY)
            case "list":
                self._ask(self._list(), "The games are asked for.")
            case "match":
                self._enter(self._match(), "Looking for an opponent.")
            case "new":
                self._enter(self._start(), "Starting a game.")
            case "resume" if not rest:
                self._enter(self._resume(), "Looking for the game that you left.")
            case "join" | "resume" | "watch":
                self._enter_by(rest, watch=word == "watch")
            case "practice":
                return await self._practise(rest)
            case _:
                self._read_pasted(f"{word} {rest}")
        return True

    def _enter_by(self, text: str, *, watch: bool) -> None:
        match read_code(text):
            case GameCode(code):
                pass
            case ReplayCode(code):
                return self._say_replay(code)
            case _:
                code = text
        if watch:
            self._enter(self._watch(code), f"Going to watch {code}.")
        else:
            self._enter(self._join(code), f"Joining {code}.")
        return None

    def _read_pasted(self, line: str) -> None:
        """What is no command may be an invitation, as it was pasted."""
        found = read_code(line) if any(map(str.isdecimal, line)) else None
        match found:
            case GameCode(code, watch):
                self._enter_by(code, watch=watch)
            case ReplayCode(code):
                self._say_replay(code)
            case _:
                self._say(f"{line.partition(' ')[0]!r} is no command here; type ? for help.")

    def _say_replay(self, code: str) -> None:
        self._say(f"{code} is a replay: {shlex.join((*program(), 'replay', code))}")

    async def _obey_at_table(self, word: str, rest: str) -> bool:
        game_id = self._table_id or ""
        match word:
            case "?" | "help":
                self._say(sentences.help_text(numpad=self._options.numpad))
            case "board":
                self._read_board()
            case "resign":
                self._ask(self._client.resign(game_id), "Your giving up is on its way.")
            case "claim":
                self._ask(self._client.claim(game_id), "Your claim is on its way.")
            case "rematch":
                self._offer_rematch()
            case "say":
                self._speak(rest)
            case "leave":
                return await self._leave()
            case _ if word.isdecimal():
                self._play(int(word[:_LONGEST_NUMBER]))
            case _:
                self._say(f"{word!r} is no command here; type ? for help.")
        return True

    async def _match(self) -> None:
        self._host(await self._client.match(self._options.clock))

    async def _start(self) -> None:
        self._host(await self._client.start(listed=True, clock=self._options.clock))

    async def _join(self, code: str) -> None:
        self._sit(await self._client.join(code))

    async def _watch(self, code: str) -> None:
        self._sit(await self._client.watch(code))

    def _play(self, digit: int) -> None:
        table = self._table()
        if table is None or not 1 <= digit <= 9:
            self._say("The cells are 1 to 9.")
            return
        cell = cell_of_digit(digit, numpad=self._options.numpad)
        if cell in table.choices:
            self._ask(self._client.play(table.id, cell), _MOVE_ON_ITS_WAY)
        elif table.my_turn:
            self._say(f"{digit} is taken. {sentences.stands(table, numpad=self._options.numpad)}")
        else:
            self._say(why_no_move(table))

    def _read_board(self) -> None:
        table = self._table()
        if table is not None:
            for sentence in sentences.board_lines(table.game, numpad=self._options.numpad):
                self._say(sentence)
            pending = table.pending is not None
            numpad = self._options.numpad
            self._say(_MOVE_ON_ITS_WAY if pending else sentences.stands(table, numpad=numpad))

    async def _resume(self) -> None:
        """Goes back to the game that was left, where there is only one."""
        seats = [seat for seat, _ in await self._client.resumable()]
        if len(seats) == 1:
            self._sit(await self._client.resume(seats[0]))
        else:
            left = ", ".join(seat.id for seat in seats)
            self._say(f"Which one? You left {left}." if left else "You left no game.")

    def _offer_rematch(self) -> None:
        table = self._table()
        has_left = table and table.opponent and table.opponent.away == "left"
        if table and table.finished and has_left and table.game.next is None:
            self._say(f"{opponent_name(table)} has left the table: there is no rematch.")
        else:
            asking = self._client.rematch(self._table_id or "")
            self._ask(asking, "Your offer of a rematch is on its way.")

    def _speak(self, word: str) -> None:
        for emote in EMOTES:
            if emote == word:
                asking = self._client.emote(self._table_id or "", emote)
                self._ask(asking, "Your word is on its way.")
                return
        self._say(f"You can say {', '.join(EMOTES)}.")

    async def _leave(self) -> bool:
        await self._bow_out()
        if not isinstance(self._options.opening, ShowLobby):
            return False
        self._enter(self._enter_lobby(), "Going to the lobby.")
        return True

    async def _practise(self, level: str) -> bool:
        """A game against the computer, inside the lobby's session; leaving it leads back here."""
        for known in get_args(Level):
            if known == (level or "medium"):
                # The computer needs no server: whoever waits for one plays meanwhile.
                await self._drop()
                if not await _practised(self._options, known, self._lines, self._say):
                    self._lines.put("quit")
                    return True
                self._enter(self._enter_lobby(), "Going to the lobby.")
                return True
        self._say(f"The levels are {', '.join(get_args(Level))}.")
        return True

    async def _drop(self) -> None:
        """Asks no longer for what has not come about."""
        for task in self._underway:
            task.cancel()
        await asyncio.gather(*self._underway, return_exceptions=True)
        self._failure = None

    async def _bow_out(self) -> None:
        """Leaves the table in good order and in a moment; a game that runs can be resumed."""
        await self._client.settle()
        table = self._say_farewell()
        self._table_id = None
        if table is not None:
            await self._client.part(table.id)

    def _say_farewell(self) -> Table | None:
        """Says how to come back; the table that is to be left, if it still matters to anybody."""
        table = self._table()
        if table is None or table.replaced or table.gone:
            return None
        if not isinstance(self._client, PracticeClient):
            command = self._join_command(table, "--plain")
            for sentence in farewell(table, command, self._client.now_ms()):
                self._say(sentence)
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
    folder = state_folder()
    async with Client(options.url or ensure, Seats(folder), name=options.name) as client:
        await Plain(options, client, lines, say, RecordFile(folder)).run()


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
