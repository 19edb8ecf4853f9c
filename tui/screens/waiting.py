"""Waiting for an opponent: the code, how to hand it on, and what to do meanwhile."""

import math
from shlex import join
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Vertical
from textual.widgets import Static

from tui.client.state import ConnectionStatus, Table
from tui.screens.base import PlainScreen
from tui.screens.dialogs import levels, practice_level
from tui.screens.intents import Began, OpenTable, Practise
from tui.session import Session
from tui.widgets.large import LargeCode
from tui.words.phrases import SAID_MS, folded, join_words
from tui.words.status import status
from tui.words.waiting import Sought, offer_text, terms_text, waiting_text, whom_text


class WaitingScreen(PlainScreen):
    """Shows an own game that nobody has joined yet."""

    CSS_PATH = "waiting.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy the command"),
        Binding("p", "practise", "Play the computer"),
        Binding("escape", "cancel", "Cancel"),
    ]
    HELP = (
        "Give the code to whom you want to play: they type it in their lobby, or paste the "
        "command into a terminal. The game begins by itself when they come."
    )

    def __init__(self, session: Session, game_id: str, sought: Sought = "") -> None:
        super().__init__(session)
        self.game_id = game_id
        self._sought = sought
        self._since = session.now_ms()
        self._called: str | None = None
        self._copied_at = -math.inf

    @property
    def table(self) -> Table | None:
        return self.state.tables.get(self.game_id)

    @property
    def begun(self) -> str | None:
        """The code of the game that has begun; None while nobody has joined."""
        table = self.table
        if table is None:
            return None
        empty = table.game.status in {"waiting", "cancelled"}
        return table.onward or (None if empty else table.id)

    @property
    def command(self) -> tuple[str, ...]:
        return join_words(self.game_id, self.session.options.url, self.session.program)

    def heading(self, room: int) -> str:  # noqa: ARG002 (as every screen)
        return f"Game {self.game_id}"

    def compose_body(self) -> ComposeResult:
        with Vertical(id="waiting"):
            whom, others = whom_text(self._sought)
            yield Static(whom, id="whom")
            yield Static(others, id="others", classes="quiet")
            code = LargeCode()
            code.code, code.ascii = self.game_id, self.session.options.ascii
            yield code
            yield Static("Type the code in the lobby, or run this in a terminal:", id="how")
            with Center():
                yield Static("", id="command", markup=False)
            yield Static("", id="terms", classes="quiet", markup=False)
            yield Static("", id="waited", markup=False)
            yield Static("", id="offer", classes="quiet", markup=False)

    def follow_state(self) -> None:
        if self.table is not None:
            self._go_on(self.table)

    def show_state(self) -> None:
        table = self.table
        if table is None:
            return
        now = self.session.now_ms()
        waited = now - self._since
        words = waiting_text(waited, ascii_only=self.session.options.ascii)
        told, more = table.error or words, offer_text(waited)
        if now - self._copied_at < SAID_MS:
            more = "Copied. If your terminal forbids that, select the command."
        if table.replaced or table.gone or self.state.connection is not ConnectionStatus.ONLINE:
            stands = status(self.state, table, now)
            told, more = stands.text, stands.note
        self.write("#command", folded(self.command, self.size.width))
        self.write("#terms", terms_text(table))
        self.write("#waited", told, layout=False)
        self.write("#offer", self.remarked or more, layout=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "copy":
            return self.table is None or not self.table.gone
        return super().check_action(action, parameters)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(join(self.command))
        self._copied_at = self.session.now_ms()
        self.show()

    def action_practise(self) -> None:
        self.app.push_screen(levels(), self._practise)

    def action_cancel(self) -> None:
        self.ask_last(self.client.leave, self.game_id)
        self.dismiss()

    def _practise(self, answer: str | None) -> None:
        if level := practice_level(answer):
            self.post_message(Practise(level, self))

    def _go_on(self, table: Table) -> None:
        """Goes to the table when the game begins: at once, or once it is in front."""
        game_id = self.begun
        if self.is_active:
            if game_id or table.game.status == "cancelled":
                self.post_message(OpenTable(self.session, game_id or table.id, self))
        elif game_id and game_id != self._called and self in self.app.screen_stack:
            self._called = game_id
            self.post_message(Began(self.session, game_id))
