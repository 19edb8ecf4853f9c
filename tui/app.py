"""The Textual app: owns the client, and shows the screen that the player asked for."""

import asyncio
import contextlib
import math
import os
import re
import sys
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from shlex import join
from typing import Any, ClassVar, Final

from rich.console import RenderableType
from textual import events, on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input

from shared.errors import Refusal
from shared.replay import code_of
from shared.text import typed
from tui import embedded
from tui.client.client import Client
from tui.client.errors import Unreachable
from tui.client.seats import EMBEDDED, Seats
from tui.client.state import ClientState, Happening, Result, Table
from tui.folders import state_folder
from tui.options import Level, Options, ShowReplay
from tui.own_command import program
from tui.record import Finished, RecordFile
from tui.screens.base import PlainScreen
from tui.screens.intents import Began, NameChanged, OpenReplay, OpenTable, PracticeOver, Practise
from tui.screens.lobby import LobbyScreen
from tui.screens.waiting import WaitingScreen
from tui.session import Session
from tui.settings import BadSettings, save, settings_path
from tui.terminal import no_colour
from tui.themes import DARK, THEMES
from tui.widgets.ascii import PlainCharacters
from tui.widgets.keybar import hints_of, run_binding
from tui.words.farewell import farewell
from tui.words.news import Ended, YourTurn, news
from tui.words.phrases import (
    LEAST_SIZE,
    OTHER_LAYOUT,
    join_words,
    opponent_name,
    sentence_of,
    server_name,
)
from tui.words.table import quit_text

_ENDING: Final = frozenset({"escape", "ctrl+q", "f"})
"""The keys by which a player goes, or gives up."""
_ALWAYS: Final = frozenset({"ctrl+q", "ctrl+c"})
_TOLD_SECONDS: Final = 10
_FONTS: Final = re.compile(r"\s*@font-face \{[^}]*\}")

BeginPractice = Callable[[Level], Awaitable[tuple[Client, str]]]
"""Begins a game against the computer: the player's client there, and the game's code."""

Remember = Callable[[dict[str, str | int | bool | None]], None]
"""Writes settings that the player changed here."""


class NoughtsApp(App[None]):
    """Noughts and crosses for two terminals."""

    TITLE = "noughts-tui"
    CSS = """
    ToastRack { dock: top; align: right top; margin: 0; scrollbar-size: 0 0; }
    Toast { width: auto; max-width: 100%; margin: 0; padding: 0 1; }
    Screen OptionList:nocolor:focus > .option-list--option-highlighted,
    CommandPalette CommandList:nocolor > .option-list--option-highlighted {
        text-style: bold underline;
    }
    /* Faint, and yet three times as light or dark as what is behind; of other themes who knows. */
    App.-theme-noughts-dark .board--grid, App.-theme-noughts-light .board--grid,
    App.-theme-high-contrast .board--grid, App.-theme-colour-blind-safe .board--grid {
        color: $foreground 55%;
    }
    Screen Chooser:nocolor:focus { text-style: reverse; }
    Screen KeyBar:nocolor > .keybar--hover { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "answer_summons", "Go to your game"),
        Binding("ctrl+p", "command_palette", "All actions", show=False, priority=True),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
    ]

    def __init__(
        self, session: Session, record: RecordFile, practice: BeginPractice, remember: Remember
    ) -> None:
        if not no_colour(os.environ):
            os.environ.pop("NO_COLOR", None)  # Textual counts an empty one, too
        # NO_COLOR gets shades of grey from Textual, unless colours are left to the terminal.
        super().__init__(ansi_color=no_colour(os.environ) or None)
        self.last_words: tuple[str, ...] = ()
        """What is to be said on the terminal when the screen is gone."""
        self._connected = False
        self._focus_reported = False
        self._layout_told_until = -math.inf
        self.session = session
        self._record = record
        self._practice = practice
        self._remember = remember
        self._practices: list[Client] = []
        for theme in THEMES:
            self.register_theme(theme)
        asked = session.options.theme
        # Before anything is drawn: all style sheets are read again for another theme.
        self.theme = asked if asked in self.available_themes else DARK
        self.stylesheet.set_variables(self.get_css_variables())
        self._theme_kept = self.theme

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver, which takes more of a terminal here."""
        found = super().get_driver_class()
        if sys.platform == "win32":
            return found
        from tui.driver import driver_for  # noqa: PLC0415 (not on Windows)

        return driver_for(found)

    def panic(self, *renderables: RenderableType) -> None:
        """Ends with a message, and with the status of a failure."""
        super().panic(*renderables)
        self._return_code = 1

    def _fatal_error(self) -> None:
        from rich.traceback import Traceback  # noqa: PLC0415 (for a broken app only)

        # Textual shows the values of variables, too: the key of a seat may be among them.
        self.bell()
        self.panic(Traceback())

    async def on_mount(self) -> None:
        options = self.session.options
        if options.motion == "reduced":
            self.animation_level = "none"
        self._listen(self.session)
        await self.push_screen(LobbyScreen(self.session, self._record.read()))
        if not isinstance(options.opening, ShowReplay):
            # What the connection needs is slow to load: the lobby is painted first.
            self.call_after_refresh(self._connect)
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        for warning in (*options.warnings, *self._unknown_theme(options.theme)):
            self.notify(warning, severity="warning", markup=False)

    async def _connect(self, _: None = None) -> None:
        if not self._connected:
            self._connected = True
            await self.session.client.__aenter__()

    def _unknown_theme(self, asked: str | None) -> Iterable[str]:
        if asked is not None and asked not in self.available_themes:
            where = f"--theme, or theme in {settings_path()}"
            yield f"No theme is called {asked} ({where}); t in the lobby shows them all."

    async def on_unmount(self) -> None:
        self.last_words = self.last_words or self._last_words()
        for client in (*self._practices, self.session.client):
            await client.__aexit__(None, None, None)

    def on_app_focus(self) -> None:
        self._focus_reported = True

    def on_app_blur(self) -> None:
        self._focus_reported = True

    async def action_quit(self) -> None:
        """Asks first where a game is played, as Esc does; asked again, quits."""
        from tui.screens.dialogs import QuitDialog  # noqa: PLC0415 (as every screen but the first)

        running = self._at_play()
        asked = isinstance(self.screen, QuitDialog)
        if self.too_small or asked or not (running or self._plays_computer):
            await self._quit("quit")
        else:
            text = quit_text(running[0]) if running else ""
            self.push_screen(QuitDialog(text, seat_kept=bool(running)), self._quit)

    def _at_play(self) -> list[Table]:
        """The games of this player that are being played, the last one first."""
        tables = reversed(list(self.session.client.state.tables.values()))
        return [each for each in tables if each.is_running]

    @property
    def _plays_computer(self) -> bool:
        screen = self._full_screen
        if not (isinstance(screen, PlainScreen) and screen.session.practice):
            return False
        return any(table.is_running for table in screen.client.state.tables.values())

    async def _quit(self, answer: str | None) -> None:
        client = self.session.client
        if answer == "resign":
            with contextlib.suppress(TimeoutError, Refusal, Unreachable):
                async with asyncio.timeout(client.farewell_seconds):
                    await asyncio.gather(*(client.resign(each.id) for each in self._at_play()))
        if answer in {"quit", "resign"}:
            await client.settle()
            self.last_words = self._last_words()
            await client.part(*client.state.tables)
            self.exit()

    def _last_words(self) -> tuple[str, ...]:
        """How to come back to each game that is still being played."""
        now, url = self.session.now_ms(), self.session.options.url
        return tuple(
            sentence
            for table in self._at_play()
            for sentence in farewell(
                table, join(join_words(table.id, url, self.session.program)), now
            )
        )

    def action_help_quit(self) -> None:
        """Ctrl+C, which ends other programs."""
        self.notify("Ctrl+Q quits; Esc goes back.", markup=False)

    def action_suspend_process(self) -> None:
        """Goes back to the shell, where there is one."""
        if sys.platform != "win32" and os.getpgrp() == os.getsid(0):
            self.notify("No shell has started this: there is nothing to go back to.", markup=False)
            return
        super().action_suspend_process()

    @on(Driver.SignalResume)
    def _repaint(self) -> None:
        """What stood on the terminal is gone; Textual draws what changes only."""
        self.refresh(layout=True)

    def action_command_palette(self) -> None:
        from tui.screens.palette import Palette  # noqa: PLC0415 (as every screen but the first)

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def search_themes(self) -> None:
        from tui.screens.palette import ThemePalette  # noqa: PLC0415 (as above)

        self.push_screen(ThemePalette())

    def get_key_display(self, binding: Binding) -> str:
        """A key by a name that can be printed."""
        shown = super().get_key_display(binding)
        return shown.replace("⏎", "enter") if self.session.options.ascii else shown

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action of the screen below, the themes, and the way out.

        What ends something is found by its name only, not at the top of a list that just opened.
        """
        for hint in hints_of(screen, hidden=True):
            if hint.label != "All actions":
                run = partial(self.call_later, run_binding, screen, hint.binding)
                ends = hint.final or hint.binding in _ENDING
                yield SystemCommand(hint.label, f"Key: {hint.key}", run, discover=not ends)
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)

    @property
    def too_small(self) -> bool:
        """Whether the terminal is too small to see what one does."""
        return self.size.width < LEAST_SIZE[0] or self.size.height < LEAST_SIZE[1]

    async def on_event(self, event: events.Event) -> None:
        """Passes keys and mouse to nothing that cannot be seen."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            event = self._meant(event)
        aimed = isinstance(event, events.InputEvent | events.Paste)
        ends = isinstance(event, events.Key) and event.key in _ALWAYS
        if ends or not (aimed and self.too_small):
            await super().on_event(event)

    def _meant(self, key: events.Key) -> events.Key:
        """The key of the game that was pressed, with Caps Lock on or on another keyboard."""
        character = key.character or ""
        if len(character) != 1 or not character.isprintable() or isinstance(self.focused, Input):
            return key
        plain = typed(character).lower()
        if plain.isascii():
            return key if plain == character else events.Key(_key_name(plain), plain)
        if plain.isalpha() and self.session.monotonic() > self._layout_told_until:
            self._layout_told_until = self.session.monotonic() + _TOLD_SECONDS
            self.notify(OTHER_LAYOUT, severity="warning", markup=False, timeout=_TOLD_SECONDS)
        return key

    def on_key(self, event: events.Key) -> None:
        """Says why a key does nothing now, where nobody has taken it."""
        active = self.screen.active_bindings.get(event.key)
        if isinstance(self.screen, PlainScreen) and not (active and active.enabled):
            shown = event.character if event.is_printable else event.key.replace("_", " ")
            self.screen.explain(event.key, shown or event.key)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """A picture that loads nothing: Textual's asks a server for its font."""
        return _FONTS.sub("", super().export_screenshot(title=title, simplify=simplify))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """With ``--ascii`` nothing else leaves the program, besides people's names."""
        plain = [PlainCharacters()] if self.session.options.ascii else []
        return [*super().get_line_filters(), *plain]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "answer_summons":
            return self._left_waiting() is not None
        if action == "help":
            return isinstance(self.screen, PlainScreen)
        return super().check_action(action, parameters)

    @on(OpenTable)
    def _open_table(self, event: OpenTable) -> None:
        in_front = self._uncover(event.asker)
        if isinstance(event.asker, LobbyScreen):
            self.push_screen(self._screen_of(event))
            event.asker.busy = ""
        elif in_front:
            if isinstance(event.asker, WaitingScreen):
                self.clear_notifications()  # Nobody need be called to what he sees.
            self.switch_screen(self._screen_of(event))

    @on(Began)
    def _summon(self, event: Began) -> None:
        table = event.session.client.state.tables[event.game_id]
        key = "Esc" if isinstance(self._full_screen, WaitingScreen) else "g"
        self.notify(
            f"{opponent_name(table)} has joined your game {table.id}: press {key} to go there.",
            timeout=30,
            markup=False,
        )
        self._ring()
        self.screen.refresh_bindings()

    @on(OpenReplay)
    def _open_replay(self, event: OpenReplay) -> None:
        from tui.screens.replay import ReplayScreen  # noqa: PLC0415 (as every screen but the first)

        # Whoever asked the command line for a replay is connected once he goes on to the lobby.
        after = None if event.story.names else self._connect
        self.push_screen(ReplayScreen(self.session, event.story), after)

    @on(Practise)
    @work(group="practice", exclusive=True)
    async def _begin_practice(self, event: Practise) -> None:
        try:
            client, game_id = await self._practice(event.level)
        except (Refusal, Unreachable) as failure:
            event.asker.post_message(PlainScreen.Refused(sentence_of(failure)))
        else:
            await self._face_computer(event.asker, client, game_id)
        if isinstance(event.asker, LobbyScreen):
            event.asker.busy = ""

    async def _face_computer(self, asker: Screen[None], client: Client, game_id: str) -> None:
        self._practices.append(client)
        session = replace(self.session, client=client, where="the computer", practice=True)
        if not self._uncover(asker):
            self.post_message(PracticeOver(session))
            return
        self._listen(session)
        from tui.screens.game import GameScreen  # noqa: PLC0415 (as every screen but the first)

        screen = GameScreen(session, game_id)
        if isinstance(asker, GameScreen):
            asker.turn_away()
            await self.switch_screen(screen)
        else:
            await self.push_screen(screen)

    @on(PracticeOver)
    @work
    async def _end_practice(self, event: PracticeOver) -> None:
        await self._close(event.session.client)

    @on(NameChanged)
    def _rename(self, event: NameChanged) -> None:
        self.session.client.name = event.name
        self._keep({"name": event.name})

    async def action_help(self) -> None:
        """Shows what can be done here, and does what is chosen."""
        from tui.screens.help import HelpScreen  # noqa: PLC0415 (as every screen but the first)

        screen = self.screen
        if isinstance(screen, PlainScreen):

            def chosen(key: str | None) -> None:
                if key:
                    self.call_later(run_binding, screen, key)

            self.push_screen(HelpScreen(screen.HELP, hints_of(screen, hidden=True)), chosen)

    async def action_answer_summons(self) -> None:
        """Goes down to the screen that waited, which then shows its game."""
        while self._left_waiting() is not None:
            await self.pop_screen()
        for client in tuple(self._practices):
            await self._close(client)

    def _left_waiting(self) -> WaitingScreen | None:
        """The screen below the one in front whose game has begun meanwhile."""
        waiting = (each for each in self.screen_stack[:-1] if isinstance(each, WaitingScreen))
        return next((each for each in waiting if each.begun), None)

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """What can be seen behind the screen in front.

        Textual counts the one behind an opaque screen too, and paints both for each change of it.
        """
        return [] if self.screen.styles.background.a == 1 else super()._background_screens

    @property
    def _full_screen(self) -> Screen[Any]:
        """The screen in front, or below the dialogs that are."""
        return [each for each in self.screen_stack if not each.is_modal][-1]

    def _uncover(self, screen: Screen[None]) -> bool:
        """Closes the dialogs over a screen, unless another one is in front; whether it is now."""
        in_front = self._full_screen is screen
        while in_front and self.screen is not screen:
            self.pop_screen()
        return in_front

    async def _close(self, client: Client) -> None:
        if client in self._practices:
            self._practices.remove(client)
            await client.__aexit__(None, None, None)

    def _screen_of(self, event: OpenTable) -> PlainScreen:
        session, game_id = event.session, event.game_id
        table = session.client.state.tables[game_id]
        waits = table.seat is not None and table.game.status == "waiting"
        if waits:
            return WaitingScreen(session, game_id, event.sought)
        from tui.screens.game import GameScreen  # noqa: PLC0415 (as every screen but the first)

        return GameScreen(session, game_id)

    def _listen(self, session: Session) -> None:
        known = session.client.state

        def heard(state: ClientState, _happening: Happening) -> None:
            nonlocal known
            known, before = state, known
            self._report(session, before, state)

        session.client.subscribe(heard)

    def _report(self, session: Session, before: ClientState, state: ClientState) -> None:
        self._find_missed(before, state)
        if state.warning and state.warning != before.warning:
            self.notify(state.warning, severity="warning", timeout=30, markup=False)
        for each in news(before, state):
            match each:
                case YourTurn():
                    self._ring()
                case Ended(id, result) if not session.practice:
                    record = self._record.add(id, result, _finished(state, id, result))
                    for screen in self.screen_stack:
                        if isinstance(screen, LobbyScreen):
                            screen.record = record

    def _find_missed(self, before: ClientState, state: ClientState) -> None:
        """Has the lobby tell of games that ended unseen, besides those counted before."""
        if state.missed == before.missed:
            return
        counted = self._record.read().games
        new = (each for each in state.missed if each not in before.missed)
        for screen in self.screen_stack:
            if isinstance(screen, LobbyScreen):
                screen.missed += tuple(each for each in new if each.id not in counted)

    def _keep_theme(self, theme: Theme) -> None:
        if theme.name != self._theme_kept:
            self._theme_kept = theme.name
            self._keep({"theme": theme.name})

    def _keep(self, changes: dict[str, str | int | bool | None]) -> None:
        try:
            self._remember(changes)
        except BadSettings as error:
            self.notify(str(error), severity="warning", markup=False)

    def _ring(self) -> None:
        """The bell, for a player who looks elsewhere."""
        seen = self.app_focus and self._focus_reported  # a terminal may never tell
        if self.session.options.bell and not seen:
            self.bell()


def _key_name(character: str) -> str:
    """What Textual calls a key."""
    if character.isalnum():
        return character
    return unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")


def _finished(state: ClientState, game_id: str, result: Result) -> Finished | None:
    """What the lobby tells of a game that is over."""
    missed = (each.table for each in state.missed if each.id == game_id)
    table = state.tables.get(game_id) or next(missed, None)
    if table is None:
        return None
    replay = code_of(table.game.moves) if table.game.moves else ""
    return Finished(result, opponent_name(table), replay)


def create_app(
    options: Options,
    *,
    client: Client | None = None,
    practice: BeginPractice | None = None,
    record: RecordFile | None = None,
    remember: Remember = save,
) -> NoughtsApp:
    """The app as the command line asks for it; tests bring their own client."""
    folder = state_folder()
    session = Session(
        client=client or Client(options.url or embedded.ensure, Seats(folder), name=options.name),
        where=server_name(options.url) if options.url else EMBEDDED,
        options=options,
        program=program(),
    )

    async def practise_now(level: Level) -> tuple[Client, str]:
        from tui.computer import practise  # noqa: PLC0415 (for those who play the computer)

        return await practise(level, name=session.client.name)

    return NoughtsApp(
        session,
        record or RecordFile(folder),
        practice or practise_now,
        remember,
    )
