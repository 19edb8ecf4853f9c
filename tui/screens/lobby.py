"""The lobby: who you are, where you are connected, and every way into a game."""

import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final, assert_never

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from shared.board import Mark
from shared.errors import Refusal
from shared.messages import Listing, LobbyKind, Snapshot
from shared.replay import moves_of
from shared.text import cell_width
from tui.client.errors import Unreachable
from tui.client.seats import SavedSeat
from tui.client.state import ClientState, ConnectionStatus, Table
from tui.options import JoinGame, Opening, PlayComputer, ShowLobby, ShowReplay, StartGame, WatchGame
from tui.record import Record, record_text
from tui.screens.base import Call, P, PlainScreen, sentence_of
from tui.screens.dialogs import (
    ChoiceDialog,
    CodeDialog,
    CodeGiven,
    NameDialog,
    NewGameDialog,
    code_in,
    levels,
    practice_level,
)
from tui.screens.intents import NameChanged, OpenReplay, OpenTable, Practise
from tui.session import Session
from tui.widgets.logo import Logo
from tui.words.phrases import shortened
from tui.words.story import Story

_QUIT = {"stay": "Stay", "quit": "Quit"}
FOCUSED_SECONDS, BLURRED_SECONDS = 5, 30
_KEY_COLUMN = 27
_LATER = frozenset({"choose", "resume", "match", "new", "join", "practise", "name", "quit"})
"""What cannot be done while a game is asked for: it would be a second game, or be interrupted."""


@dataclass(frozen=True, slots=True)
class Resumable:
    """A seat of ours that nobody holds, and its game."""

    seat: SavedSeat
    game: Snapshot


def resume_text(resumable: Resumable) -> str:
    """``Resume K7QF2M (your turn)``."""
    game = resumable.game
    if game.status == "waiting":
        return f"Resume {game.id} (waiting)"
    mine = game.turn is resumable.seat.mark
    return f"Resume {game.id} ({'your' if mine else 'their'} turn)"


def age_text(ms: int) -> str:
    """How long a game has been listed: ``now``, ``3 min``, ``2 h``."""
    minutes = max(0, ms) // 60_000
    if not minutes:
        return "now"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"


def listing_text(listing: Listing, now_ms: int, width: int, *, ascii_only: bool = False) -> str:
    """A line of the lobby: who is there, the clock, since when."""
    clock = f"{listing.clock} s  " if listing.clock else ""
    end = f"{clock}{age_text(now_ms - listing.since):>6}"
    room = max(8, width - len(end) - 1)
    *longer, shortest = _who(listing)
    who = next((each for each in longer if cell_width(each) <= room), shortest)
    shown = shortened(who, room, ascii_only=ascii_only)
    return f"{shown}{' ' * (room + 1 - cell_width(shown))}{end}"


def _who(listing: Listing) -> tuple[str, ...]:
    """Who plays, or waits and for whom; shorter and shorter."""
    x, o = listing.names.x or "Player X", listing.names.o or "Player O"
    if listing.mark is None:
        return (f"{x} - {o}",)
    host = o if listing.mark is Mark.X else x
    you = f"you play {listing.mark}"
    return f"{host} waits; {you}", f"{host}; {you}", f"{host} waits"


_TITLES: Final[dict[LobbyKind, str]] = {"open": "Open games", "live": "Games to watch"}


def empty_text(kind: LobbyKind, *, online: bool, known: bool) -> str:
    """What stands where no game is listed: never more than is known."""
    if not online:
        return "not known without a connection"
    if not known:
        return "looking…"
    return "nobody waits: q to be the first" if kind == "open" else "none now"


def menu_line(label: str, key: str) -> Content:
    """An entry of the menu with its key at the right."""
    gap = " " * (_KEY_COLUMN - cell_width(label))
    return Content(f" {label}{gap}") + Content.styled(key, "bold $text-accent")


class Menu(OptionList):
    """Every way into a game."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.choose", "Choose"),
        Binding("tab", "app.focus_next", "Games", key_display="tab"),
    ]


class Games(OptionList):
    """The games of others, to join or to watch."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.enter('open')", "Join"),
        Binding("enter", "screen.enter('live')", "Watch"),
        Binding("tab", "app.focus_next", "Menu", key_display="tab"),
    ]

    def mark_first(self) -> None:
        """Marks the first game, unless one is marked."""
        if self.highlighted is None:
            self.action_first()

    @property
    def marked(self) -> str:
        """The kind of the game that is marked, if one is."""
        marked = self.highlighted_option
        return (marked.id or "").partition("-")[0] if marked else ""


class LobbyScreen(PlainScreen):
    """The first screen, and the one that every other goes back to."""

    CSS_PATH = "lobby.tcss"
    AUTO_FOCUS = "#menu"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "app.change_theme", "Theme"),
        Binding("r", "resume", "Resume"),
        Binding("q", "match", "Quick match"),
        Binding("n", "new", "New game"),
        Binding("j", "join", "Join by code"),
        Binding("p", "practise", "Computer"),
        Binding("e", "name", "Name"),
        Binding("escape", "cancel", "Cancel"),
        Binding("escape", "quit", "Quit"),
    ]
    HELP = (
        "Quick match finds an opponent, or waits for one. A new game has a code to give to a "
        "friend. Games in the list are open to everybody; those being played can be watched."
    )

    resumables: reactive[tuple[Resumable, ...]] = reactive((), init=False)
    record: reactive[Record] = reactive(Record())
    player_name: reactive[str] = reactive("")
    notice: reactive[str] = reactive("")
    busy: reactive[str] = reactive("")
    """What the player asked for and waits for; empty when nothing is under way."""

    def __init__(self, session: Session, record: Record) -> None:
        super().__init__(session)
        self.set_reactive(LobbyScreen.record, record)
        self.set_reactive(LobbyScreen.player_name, session.options.name)
        self._refreshed_at = -math.inf
        self._listed = False

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="lobby"):
            with Vertical(id="left"):
                yield Logo(ascii_only=self.session.options.ascii)
                yield Menu(id="menu")
                yield Static("", id="record", markup=False)
            with Vertical(id="right"):
                yield Games(id="games")
        yield Static("", id="notice", markup=False)

    def say(self, sentence: str) -> None:
        self.notice = sentence

    def begin(self) -> None:
        self._do_at_once(self.session.options.opening)
        self._show_menu()
        self.watch_record(self.record)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look_again()

    def on_screen_suspend(self) -> None:
        self.notice = ""

    def show_state(self) -> None:
        self._show_games()
        self._show_notice()
        self._refresh_when_due()

    def watch_resumables(self, old: tuple[Resumable, ...], new: tuple[Resumable, ...]) -> None:
        self._show_menu()
        if new and not old:
            self.query_one("#menu", OptionList).highlighted = 0
        self.refresh_bindings()

    def watch_state(self, old: ClientState, new: ClientState) -> None:
        if (
            new.connection is ConnectionStatus.ONLINE
            and old.connection is not ConnectionStatus.ONLINE
        ):
            self._look_again()
        super().watch_state(old, new)

    def watch_player_name(self) -> None:
        self._show_menu()

    def watch_record(self, record: Record) -> None:
        if self.ready:
            self.write("#record", record_text(record))

    def watch_notice(self) -> None:
        self._show_notice()

    def watch_busy(self) -> None:
        self._show_notice()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            return bool(self.busy)
        if action in _LATER and self.busy:
            return False
        if action == "resume":
            return bool(self.resumables)
        if action == "enter":
            return not self.busy and parameters == (self.query_one(Games).marked,)
        return super().check_action(action, parameters)

    @on(OptionList.OptionSelected, "#menu")
    async def _menu_chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_id:
            await self.run_action(event.option_id)

    def action_choose(self) -> None:
        self.query_one(Menu).action_select()

    def action_enter(self, _kind: str) -> None:
        self.query_one(Games).action_select()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Games):
            event.widget.mark_first()

    @on(OptionList.OptionHighlighted, "#games")
    def _game_marked(self) -> None:
        self.refresh_bindings()

    @on(OptionList.OptionSelected, "#games")
    def _game_chosen(self, event: OptionList.OptionSelected) -> None:
        kind, _, code = (event.option_id or "").partition("-")
        self._enter(CodeGiven(code, watch=kind == "live"))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if not self.busy and (code := code_in(event.text)):
            self._ask_code(code)

    def _do_at_once(self, opening: Opening) -> None:
        """Does what the command line asked for."""
        match opening:
            case ShowLobby():
                pass
            case StartGame():
                self._start(opening)
            case JoinGame(code):
                self._enter(CodeGiven(code))
            case WatchGame(code):
                self._enter(CodeGiven(code, watch=True))
            case PlayComputer(level):
                self._practise(level)
            case ShowReplay(code):
                self.post_message(OpenReplay(Story(moves_of(code))))
            case _:
                assert_never(opening)

    def action_match(self) -> None:
        self._open("Looking for an opponent…", self.client.match, self.session.options.clock)

    def action_new(self) -> None:
        self.app.push_screen(NewGameDialog(self.session.options.clock), self._start)

    def action_join(self) -> None:
        self._ask_code()

    def action_practise(self) -> None:
        self.app.push_screen(levels(), self._practise)

    def action_name(self) -> None:
        self.app.push_screen(NameDialog(self.player_name), self._named)

    def action_resume(self) -> None:
        if not self.resumables:
            return
        seat = self.resumables[0].seat
        self._drop_taken()
        if not self.client.unheld(seat):
            self.notice = "Another terminal of yours has taken this game over."
        else:
            self._open(f"Resuming {seat.id}…", self.client.resume, seat)

    def action_cancel(self) -> None:
        """Asks no longer for a game."""
        self.workers.cancel_group(self, "open")
        self.workers.cancel_group(self.app, "practice")
        self.busy = ""

    def action_quit(self) -> None:
        """Asks first: it is only one Esc more than leaving a game."""
        self.app.push_screen(ChoiceDialog("Quit?", _QUIT, at=1), self._quit)

    def _start(self, new: StartGame | None) -> None:
        if new is not None:
            self._open(
                "Starting a game…", self.client.start, new.mark, listed=new.listed, clock=new.clock
            )

    def _ask_code(self, text: str = "", wrong: str = "") -> None:
        self.app.push_screen(CodeDialog(text, wrong), self._typed)

    def _typed(self, given: CodeGiven | None) -> None:
        if given is not None:
            self._enter(given, typed=True)

    def _enter(self, given: CodeGiven, *, typed: bool = False) -> None:
        """A code that was typed and leads nowhere is asked for again."""
        request = self.client.watch if given.watch else self.client.join
        busy = "Going to watch" if given.watch else "Joining"
        again = given.code if typed else ""
        self._begin(f"{busy} {given.code}…", partial(request, given.code), again)

    def _quit(self, answer: str | None) -> None:
        if answer == "quit":
            self.app.exit()

    def _practise(self, answer: str | None) -> None:
        if level := practice_level(answer):
            self.busy, self.notice = "Calling the computer…", ""
            self.post_message(Practise(level, self))

    def _named(self, name: str | None) -> None:
        if name is not None:
            self.player_name = name
            self.post_message(NameChanged(name))

    def _open(self, busy: str, request: Call[P, Table], *args: P.args, **kwargs: P.kwargs) -> None:
        self._begin(busy, partial(request, *args, **kwargs))

    def _begin(self, busy: str, request: Callable[[], Awaitable[Table]], again: str = "") -> None:
        if not self.busy:
            self.busy, self.notice = busy, ""
            self._opening(request, again)

    @work(group="open")
    async def _opening(self, request: Callable[[], Awaitable[Table]], again: str) -> None:
        try:
            table = await request()
        except (Refusal, Unreachable) as failure:
            self.busy = ""
            if again and self.is_active and isinstance(failure, Refusal):
                self._ask_code(again, failure.message)
            else:
                self.notice = sentence_of(failure)
        else:
            # Busy until the table is in front.
            self.post_message(OpenTable(self.session, table.id, self))

    @work(group="seats", exclusive=True)
    async def _look_again(self) -> None:
        try:
            found = await self.client.resumable()
        except (Refusal, Unreachable):
            return
        self.resumables = tuple(Resumable(seat, game) for seat, game in found)

    def _drop_taken(self) -> None:
        """Offers no longer what another terminal has resumed meanwhile."""
        self.resumables = tuple(each for each in self.resumables if self.client.unheld(each.seat))

    def _show_menu(self) -> None:
        if not self.ready:
            return
        menu = self.query_one("#menu", OptionList)
        highlighted = menu.highlighted or 0
        menu.set_options(Option(line, id=action) for action, line in self._menu())
        menu.highlighted = min(highlighted, menu.option_count - 1)

    def _menu(self) -> Iterable[tuple[str, Content]]:
        if self.resumables:
            yield "resume", menu_line(resume_text(self.resumables[0]), "r")
        yield "match", menu_line("Quick match", "q")
        yield "new", menu_line("New game", "n")
        yield "join", menu_line("Join by code", "j")
        yield "practise", menu_line("Play the computer", "p")
        yield "name", menu_line(f"Name: {self.player_name or 'none yet'}", "e")

    def _show_games(self) -> None:
        games = self.query_one(Games)
        now = self.state.server_now(self.session.now_ms())
        width = max(20, games.scrollable_content_region.width - 2)
        lines = [
            *self._lines("open", self.state.open_games, now, width),
            *self._lines("live", self.state.live_games, now, width),
        ]
        shown = [(option.id, str(option.prompt)) for option in games.options]
        if shown == [(option.id, str(option.prompt)) for option in lines]:
            return
        kept = games.highlighted_option.id if games.highlighted_option else None
        none_yet = all(option.disabled for option in games.options)
        games.set_options(lines)
        places = [place for place, line in enumerate(lines) if line.id == kept and kept]
        games.highlighted = places[0] if places else None
        if none_yet and games.has_focus:
            games.mark_first()
        self.refresh_bindings()

    def _lines(
        self, kind: LobbyKind, games: tuple[Listing, ...], now: int, width: int
    ) -> list[Option]:
        plain = self.session.options.ascii
        texts = [listing_text(game, now, width - 2, ascii_only=plain) for game in games]
        lines = [
            Option(Content(f"  {text}"), id=f"{kind}-{game.id}")
            for text, game in zip(texts, games, strict=True)
        ]
        title = Option(Content(_TITLES[kind]), disabled=True)
        return [title, *(lines or [Option(Content(f"  {self._empty(kind)}"), disabled=True)])]

    def _empty(self, kind: LobbyKind) -> str:
        online = self.state.connection is ConnectionStatus.ONLINE
        return empty_text(kind, online=online, known=self._listed)

    def _show_notice(self) -> None:
        if self.ready:
            text = self.busy or self.notice or self.state.failure or ""
            self.write("#notice", text)

    def _refresh_when_due(self) -> None:
        seconds = FOCUSED_SECONDS if self.app.app_focus else BLURRED_SECONDS
        now = self.session.monotonic()
        online = self.state.connection is ConnectionStatus.ONLINE
        # Every look at the lists costs money on AWS: none for who is about to go to a game.
        looking = online and self.is_active and not self.busy
        if looking and now - self._refreshed_at >= seconds:
            self._refreshed_at = now
            self._drop_taken()
            self._refresh_lobby()

    @work(group="list")
    async def _refresh_lobby(self) -> None:
        try:
            await self.client.refresh_lobby("open")
            await self.client.refresh_lobby("live")
            self._listed = True
            self.show()
        except (Refusal, Unreachable):
            # The next refresh is near, and the connection's state is shown.
            return
