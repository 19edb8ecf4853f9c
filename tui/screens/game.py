"""The table: board, players and one sentence, for players and watchers."""

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from shared.board import Mark
from shared.messages import EMOTES
from tui.client.actions import TABLE_ACTIONS, TableAction, can_claim, legal_actions
from tui.client.state import Table
from tui.screens.base import PlainScreen
from tui.screens.dialogs import ChoiceDialog, levels, practice_level
from tui.screens.intents import OpenReplay, OpenTable, PracticeOver, Practise
from tui.screens.replay import ShareDialog
from tui.session import Session
from tui.widgets.board import Board, BoardView, Cell, End
from tui.widgets.player import PlayerPanel
from tui.widgets.status_line import StatusLine
from tui.widgets.table import GameTable
from tui.words.phrases import EMOTE_WORDS
from tui.words.player import player_view
from tui.words.remarks import why_no_action, why_no_move
from tui.words.status import status
from tui.words.story import story_of
from tui.words.table import heading, leave_text


def board_view(table: Table) -> BoardView:
    """The board of a table as its player may see it."""
    return BoardView(
        moves=table.game.moves,
        mover=table.seat if table.my_turn else None,
        pending=table.pending,
        settled=table.finished or table.seat is None,
        end=_end(table),
    )


def _end(table: Table) -> End:
    """What a struck line means to the one who looks at it."""
    if table.seat is None or table.game.winner is None:
        return "seen"
    return "won" if table.game.winner is table.seat else "lost"


def left_mark(table: Table) -> Mark:
    """The mark whose panel is at the left: the player's own, or x for a watcher."""
    return table.seat or Mark.X


_LEAVE = {
    "stay": "Play on",
    "leave": "Leave for now: your seat is kept",
    "resign": "Give the game up",
}
_LEAVE_COMPUTER = {"stay": "Play on", "leave": "Leave the game"}
_RESIGN = {"stay": "Play on", "resign": "Give the game up"}


class GameScreen(PlainScreen):
    """Shows one table, from its first move until the player turns away from it."""

    CSS_PATH = "game.tcss"
    AUTO_FOCUS = "Board"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "rematch", "Rematch"),
        Binding("c", "claim", "Claim the game"),
        Binding("t", "take_back", "Take it back"),
        Binding("n", "follow", "Watch the next"),
        Binding("v", "replay", "Replay"),
        Binding("y", "share", "Share"),
        Binding("e", "emote", "Say"),
        Binding("p", "practise", "Play the computer"),
        Binding("f", "resign", "Give up"),
        Binding("escape", "leave", "Back"),
    ]
    HELP = (
        "Three in a row win, in any direction; x begins. Click a cell, or move the corners with "
        "the arrows and press Enter. Pointers stand beside the last move. A dim mark is on its "
        "way to the server. A line is green when you win and red when you lose."
    )

    def __init__(self, session: Session, game_id: str) -> None:
        super().__init__(session)
        self.game_id = game_id

    @property
    def table(self) -> Table | None:
        return self.state.tables.get(self.game_id)

    def compose_body(self) -> ComposeResult:
        options = self.session.options
        left, board, right = PlayerPanel(id="left"), Board(), PlayerPanel(id="right")
        left.ascii = right.ascii = board.ascii = options.ascii
        board.numpad = options.numpad
        with GameTable(id="table"):
            yield left
            yield board
            yield right
        yield StatusLine()

    def heading(self, room: int) -> str:
        return heading(self.table, room) if self.table else super().heading(room)

    def show_state(self) -> None:
        table = self.table
        if table is None:
            return
        now, left = self.session.now_ms(), left_mark(table)
        self.query_one("#left", PlayerPanel).shown = player_view(self.state, table, left, now)
        self.query_one("#right", PlayerPanel).shown = player_view(
            self.state, table, left.other, now
        )
        self.query_one(Board).view = board_view(table)
        stands = status(self.state, table, now)
        self.query_one(StatusLine).shown = replace(stands, note=self.remarked or stands.note)
        self._follow_claim(claimable=can_claim(self.state, table, now))

    def follow_state(self) -> None:
        table = self.table
        if table and table.onward and self.is_active:
            self.post_message(OpenTable(self.session, table.onward, self))

    def tells(self, sentence: str) -> bool:
        return self.query_one(StatusLine).shown.note == sentence

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        table = self.table
        if action in TABLE_ACTIONS:
            return table is not None and action in self._legal(table)
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        table = self.table
        if table is None:
            return ""
        if action in {"choose", "play"}:
            return why_no_move(table)
        now = self.session.now_ms()
        known = [each for each in TABLE_ACTIONS if each == action]
        return why_no_action(self.state, table, known[0], now) if known else ""

    @on(Cell.Refused)
    def _say_no_move(self, event: Cell.Refused) -> None:
        if self.table is not None:
            self.remark(why_no_move(self.table, event.cell))

    @on(Cell.Chosen)
    def _play(self, event: Cell.Chosen) -> None:
        self.ask(self.client.play, self.game_id, event.cell)

    def action_rematch(self) -> None:
        self.ask(self.client.rematch, self.game_id)

    def action_claim(self) -> None:
        self.ask(self.client.claim, self.game_id)

    def action_take_back(self) -> None:
        self.ask(self.client.take_back, self.game_id)

    def action_follow(self) -> None:
        if self.table and self.table.game.next:
            self.ask(self._follow, self.table.game.next)

    def action_replay(self) -> None:
        if table := self.table:
            self.post_message(OpenReplay(story_of(table.game)))

    def action_share(self) -> None:
        if table := self.table:
            plain = self.session.options.ascii
            self.app.push_screen(ShareDialog(story_of(table.game), plain))

    def action_practise(self) -> None:
        self.app.push_screen(levels(), self._practise)

    def action_emote(self) -> None:
        self.app.push_screen(ChoiceDialog("Say", dict(EMOTE_WORDS)), self._say)

    def action_resign(self) -> None:
        self.app.push_screen(ChoiceDialog("Give up?", _RESIGN), self._parting)

    def action_leave(self) -> None:
        table = self.table
        if table is None or not table.is_running:
            self._leave()
        elif self.session.practice:
            self.app.push_screen(ChoiceDialog("Leave?", _LEAVE_COMPUTER), self._parting)
        else:
            dialog = ChoiceDialog("Leave?", _LEAVE, text=leave_text(table))
            self.app.push_screen(dialog, self._parting)

    def _practise(self, answer: str | None) -> None:
        if level := practice_level(answer):
            self.post_message(Practise(level, self))

    def _say(self, answer: str | None) -> None:
        for emote in EMOTES:
            if emote == answer:
                self.ask(self.client.emote, self.game_id, emote)

    def _parting(self, answer: str | None) -> None:
        if answer == "resign":
            self.ask(self.client.resign, self.game_id)
        elif answer == "leave":
            self._leave()

    def turn_away(self) -> None:
        """Ends what the player had to do with this table."""
        if self.session.practice:
            self.post_message(PracticeOver(self.session))
        elif self.table is not None:
            self.ask_last(self.client.leave, self.game_id)

    def _leave(self) -> None:
        self.turn_away()
        self.dismiss()

    def _legal(self, table: Table) -> frozenset[TableAction]:
        now = self.session.now_ms()
        return legal_actions(self.state, table, now, practice=self.session.practice)

    async def _follow(self, game_id: str) -> None:
        await self.client.watch(game_id)
        self.post_message(OpenTable(self.session, game_id, self))

    def _follow_claim(self, *, claimable: bool) -> None:
        """Tells the key bar that a claim has become legal, which time alone brings about."""
        if claimable != getattr(self, "_claimable", None):
            self._claimable = claimable
            self.refresh_bindings()
