"""The lobby: who you are, where you are connected, and every way into a game."""

from functools import partial
from typing import ClassVar, Final, assert_never

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import OptionList, Static

from shared.errors import Refusal
from shared.replay import moves_of
from tui.client.errors import Unreachable
from tui.client.state import ClientState, ConnectionStatus, Missed
from tui.lobby_refresh import LobbyRefresh
from tui.options import JoinGame, Opening, PlayComputer, ShowLobby, ShowReplay, StartGame, WatchGame
from tui.record import Record
from tui.screens.dialogs import (
    ChoiceDialog,
    CodeDialog,
    NameDialog,
    NewGameDialog,
    levels,
    practice_level,
)
from tui.screens.intents import NameChanged, OpenReplay, Practise
from tui.screens.opening import Attempt, OpeningScreen
from tui.session import Session
from tui.widgets.game_list import GameList
from tui.widgets.lobby_menu import LobbyMenu, Resumables
from tui.widgets.logo import Logo
from tui.widgets.preview import GamePreview
from tui.words.codes import NONE_PASTED, GameCode, ReplayCode, Unsure, read_code
from tui.words.lobby import (
    MISSED_SHOWN,
    Preview,
    last_games,
    listing_preview,
    missed_lines,
    record_text,
    seat_preview,
)
from tui.words.story import Story, story_of
from tui.words.waiting import Sought

_QUIT: Final = {"stay": "Stay", "quit": "Quit"}
_LATER: Final = frozenset({"choose", "enter", "resume", "match", "new", "join", "name", "quit"})
"""What cannot be done while a game is asked for: it would be a second game, or be interrupted.

The computer needs no server: whoever waits for one can play it instead.
"""
_LAST_COLUMNS: Final = 29
_CALLING: Final = "Calling the computer…"


class LobbyScreen(OpeningScreen):
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

    resumables: reactive[Resumables] = reactive((), init=False, repaint=False)
    missed: reactive[tuple[Missed, ...]] = reactive((), init=False, repaint=False)
    """Games that ended without the player, of which he has still to be told."""
    record: reactive[Record] = reactive(Record(), repaint=False)
    player_name: reactive[str] = reactive("", repaint=False)

    def __init__(self, session: Session, record: Record) -> None:
        super().__init__(session)
        self.set_reactive(LobbyScreen.record, record)
        self.set_reactive(LobbyScreen.player_name, session.options.name)
        self._refresh = LobbyRefresh()

    def compose_body(self) -> ComposeResult:
        games = GameList(id="games")
        games.ascii = self.session.options.ascii
        menu = LobbyMenu(id="menu")
        preview = GamePreview(id="preview")
        preview.ascii = self.session.options.ascii
        with Horizontal(id="lobby"), Horizontal(id="columns"):
            with Vertical(id="left"):
                yield Logo(ascii_only=self.session.options.ascii)
                yield menu.data_bind(LobbyScreen.resumables, LobbyScreen.player_name)
                yield Static("", id="record", markup=False)
                yield Static("", id="last", markup=False)
            with Vertical(id="right"):
                yield games
                yield preview
        yield self.compose_notice()

    def begin(self) -> None:
        self._do_at_once(self.session.options.opening)
        self.watch_record(self.record)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look_for_seats()

    def show_state(self) -> None:
        super().show_state()
        self._tell_missed()
        self.query_one(GameList).show_games(self.state, self.session.now_ms())
        self.query_one(GamePreview).shown = self._preview()
        self._refresh_when_due()

    def watch_missed(self) -> None:
        self.show()

    def watch_resumables(self) -> None:
        self.refresh_bindings()

    def watch_state(self, old: ClientState, new: ClientState) -> None:
        if (
            new.connection is ConnectionStatus.ONLINE
            and old.connection is not ConnectionStatus.ONLINE
        ):
            self._look_for_seats()
        super().watch_state(old, new)

    def watch_record(self, record: Record) -> None:
        if self.ready:
            self.write("#record", record_text(record))
            rows = last_games(record, _LAST_COLUMNS, rows=5, ascii_only=self.session.options.ascii)
            last = Content("\n").join([Content.styled("Last games", "bold"), *map(Content, rows)])
            self.query_one("#last", Static).update(last if rows else "")

    def _preview(self) -> Preview | None:
        """Of the game that is marked: what is known without asking for more."""
        if self.query_one(GameList).has_focus:
            games = [*self.state.open_games, *self.state.live_games]
            now = self.state.server_now(self.session.now_ms())
            code = self.query_one(GameList).marked_code
            return next((listing_preview(each, now) for each in games if each.id == code), None)
        marked = self.query_one(LobbyMenu).marked_seat
        return None if marked is None else seat_preview(*marked)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.busy and action == "choose":
            return self.query_one(LobbyMenu).marked == "practise" and self.busy != _CALLING
        if self.busy and (action in _LATER or (action == "practise" and self.busy == _CALLING)):
            return False
        if action == "resume":
            return bool(self.resumables)
        if action == "enter":
            return parameters == (self.query_one(GameList).marked_kind,)
        return super().check_action(action, parameters)

    @on(OptionList.OptionSelected, "#menu")
    async def _menu_chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_id:
            await self.run_action(event.option_id)

    def why_not(self, action: str) -> str:
        if self.busy and action in {*_LATER, "practise"}:
            return f"{self.busy} Esc cancels that."
        return "You left no game." if action == "resume" else ""

    @on(OptionList.OptionHighlighted)
    @on(events.DescendantFocus)
    def _marked(self) -> None:
        self.show()
        self.refresh_bindings()

    @on(OptionList.OptionSelected, "#games")
    def _game_chosen(self, event: OptionList.OptionSelected) -> None:
        kind, _, code = (event.option_id or "").partition("-")
        self._enter(GameCode(code, watch=kind == "live"))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if self.busy or not event.text.strip():
            return
        match read_code(event.text):
            case GameCode(code, watch):
                self._ask_code(code, watch=watch)
            case ReplayCode(code):
                self._replay(code)
            case Unsure() as unsure:
                self._ask_code(wrong=unsure.question)
            case None:
                self.say(f"{NONE_PASTED}.")

    def action_choose(self) -> None:
        self.query_one(LobbyMenu).action_select()

    def action_enter(self, _kind: str) -> None:
        self.query_one(GameList).action_select()

    def action_match(self) -> None:
        clock = self.session.options.clock
        match = partial(self.client.match, clock)
        self.open(Attempt("Looking for an opponent…", match, sought="match"))

    def action_new(self) -> None:
        self.app.push_screen(NewGameDialog(self.session.options.clock), self._start)

    def action_join(self) -> None:
        self._ask_code()

    def action_practise(self) -> None:
        self.app.push_screen(levels(), self._practise)

    def action_name(self) -> None:
        self.app.push_screen(NameDialog(self.player_name), self._named)

    def action_resume(self, code: str = "", mark: str = "") -> None:
        """Goes back to a game that was left: the last one, unless it is named."""
        wanted = (code, mark) if code else None
        seats = [seat for seat, _ in self.resumables if wanted in {None, (seat.id, seat.mark)}]
        if not seats:
            return
        self._drop_taken()
        if not self.client.unheld(seats[0]):
            self.notice = "Another terminal of yours has taken this game over."
        else:
            resume = partial(self.client.resume, seats[0])
            self.open(Attempt(f"Resuming {seats[0].id}…", resume))

    def action_quit(self) -> None:
        """Asks first: it is only one Esc more than leaving a game."""
        self.app.push_screen(ChoiceDialog("Quit?", _QUIT, at=1), self._quit)

    def ask_code_again(self, typed: str, wrong: str) -> None:
        self._ask_code(typed, wrong)

    def _do_at_once(self, opening: Opening) -> None:
        """Does what the command line asked for."""
        match opening:
            case ShowLobby():
                pass
            case StartGame():
                self._start(opening)
            case JoinGame(code):
                self._enter(GameCode(code))
            case WatchGame(code):
                self._enter(GameCode(code, watch=True))
            case PlayComputer(level):
                self._practise(level)
            case ShowReplay(code):
                self._replay(code)
            case _:
                assert_never(opening)

    def _start(self, new: StartGame | None) -> None:
        if new is not None:
            start = partial(self.client.start, new.mark, listed=new.listed, clock=new.clock)
            sought: Sought = "anybody" if new.listed else "friend"
            self.open(Attempt("Starting a game…", start, sought=sought))

    def _ask_code(self, text: str = "", wrong: str = "", *, watch: bool = False) -> None:
        self.app.push_screen(CodeDialog(text, wrong, watch=watch), self._typed)

    def _typed(self, given: GameCode | ReplayCode | None) -> None:
        match given:
            case GameCode(code):
                self._enter(given, typed=code)
            case ReplayCode(code):
                self._replay(code)

    def _replay(self, code: str) -> None:
        self.post_message(OpenReplay(Story(moves_of(code))))

    def _enter(self, given: GameCode, *, typed: str = "") -> None:
        request = self.client.watch if given.watch else self.client.join
        doing = "Going to watch" if given.watch else "Joining"
        self.open(Attempt(f"{doing} {given.code}…", partial(request, given.code), typed))

    def _practise(self, answer: str | None) -> None:
        if level := practice_level(answer):
            self.workers.cancel_group(self, "open")
            self.wait_for(_CALLING)
            self.post_message(Practise(level, self))

    def _named(self, name: str | None) -> None:
        if name is not None:
            self.player_name = name
            self.post_message(NameChanged(name))

    def _quit(self, answer: str | None) -> None:
        if answer == "quit":
            self.app.exit()

    def _tell_missed(self) -> None:
        if not (self.missed and self.is_active) or self.busy:
            return
        missed, self.missed = self.missed, ()
        self.client.told()

        def answered(answer: str | None) -> None:
            for each in missed:
                if each.id == answer and each.table is not None:
                    self.post_message(OpenReplay(story_of(each.table.game)))

        shown = [each for each in missed[:MISSED_SHOWN] if each.table and each.table.game.moves]
        replays = {each.id: f"Replay {each.id}" for each in shown}
        told = missed_lines(missed)
        dialog = ChoiceDialog("While you were away", {"": "Go on", **replays}, text=told)
        self.app.push_screen(dialog, answered)

    @work(group="seats", exclusive=True)
    async def _look_for_seats(self) -> None:
        try:
            self.resumables = tuple(await self.client.resumable())
        except (Refusal, Unreachable):
            return

    def _drop_taken(self) -> None:
        """Takes back the offer of games that another terminal has resumed meanwhile."""
        self.resumables = tuple(each for each in self.resumables if self.client.unheld(each[0]))

    def _refresh_when_due(self) -> None:
        online = self.state.connection is ConnectionStatus.ONLINE
        # Nobody who is about to go to a game looks at the lists.
        looking = online and self.is_active and not self.busy
        if looking and self._refresh.due(self.session.monotonic(), focused=self.app.app_focus):
            self._drop_taken()
            self._refresh_lists()

    @work(group="list")
    async def _refresh_lists(self) -> None:
        before = self.client.state
        try:
            await self.client.refresh_lobby()
        except (Refusal, Unreachable):
            # The next refresh is near, and the connection's state is shown.
            return
        after = self.client.state
        self._refresh.answered(
            changed=(before.open_games, before.live_games) != (after.open_games, after.live_games)
        )
        self.query_one(GameList).answered = True
        self.show()
