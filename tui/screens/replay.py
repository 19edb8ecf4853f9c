"""A finished game, move by move, with what a perfect player thinks of it."""

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from shared.replay import code_of
from tui.screens.base import Dialog, PlainScreen
from tui.session import Session
from tui.widgets.board import Board, BoardView
from tui.words.phrases import SAID_MS, shorter, wrapped
from tui.words.story import Story, headline, move_text, review_text, share_card, step_text

_REVIEW_ROWS: Final = 6


def fits(text: str, cells: int, rows: int) -> bool:
    """Whether a text stands in so many columns and rows."""
    return len(wrapped(text, cells)) <= rows


class ReplayScreen(PlainScreen):
    """Steps through one history; needs no server."""

    CSS_PATH = "replay.tcss"
    AUTO_FOCUS = "#moves"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Previous", key_display="←", priority=True),
        Binding("right,l", "step(1)", "Next", key_display="→", priority=True),
        Binding("home", "jump(0)", "First", key_display="Home", priority=True),
        Binding("end", "jump(9)", "Last", key_display="End", priority=True),
        Binding("y", "share", "Share"),
        Binding("escape", "dismiss", "Back"),
    ]
    HELP = (
        "Every finished game has a code of four characters: noughts-tui replay shows it again. "
        "A question mark stands beside a move that a perfect player would not have made."
    )

    shown: reactive[int] = reactive(0, repaint=False)
    """How many moves are on the board."""

    def __init__(self, session: Session, story: Story) -> None:
        super().__init__(session)
        self._story = story
        self._moves = story.moves
        self.set_reactive(ReplayScreen.shown, len(story.moves))

    def heading(self, room: int) -> str:  # noqa: ARG002 (as every screen)
        return f"Replay {code_of(self._moves)}"

    @property
    def connected(self) -> bool:
        """Whether the game came from a server. One that was opened by its replay code did not."""
        return self._story.names is not None

    def compose_body(self) -> ComposeResult:
        with Container(id="replay"):
            board = Board(interactive=False)
            board.ascii = self.session.options.ascii
            yield board
            with Vertical(id="story"):
                yield Static(headline(self._story), id="headline", markup=False)
                yield OptionList(*self._options(), id="moves")
                yield Static(review_text(self._moves), id="review", markup=False)
        yield Static("", id="step", markup=False)

    def remark(self, sentence: str) -> None:
        if sentence != self.remarked:
            super().remark(sentence)
            self.notify(sentence, timeout=SAID_MS / 1000, markup=False)

    def show_state(self) -> None:
        review = self.query_one("#review", Static)
        low = self.has_class("-narrow")
        rows = (1 if self.has_class("-short") else 2) if low else _REVIEW_ROWS
        width = max(1, review.content_size.width)
        texts = shorter(review_text(self._moves))
        self.write("#review", next((text for text in texts if fits(text, width, rows)), ""))

    def begin(self) -> None:
        self.watch_shown(self.shown)

    def watch_shown(self, shown: int) -> None:
        if not self.ready:
            return
        self.query_one(Board).view = BoardView(self._moves[:shown], settled=True)
        self.query_one("#step", Static).update(step_text(self._moves, shown))
        self.query_one("#moves", OptionList).highlighted = shown
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        forward = parameters in {(1,), (9,)}
        if action in {"step", "jump"}:
            return self.shown < len(self._moves) if forward else self.shown > 0
        if action == "reconnect" and not self._story.names:
            return False
        return super().check_action(action, parameters)

    @on(OptionList.OptionHighlighted, "#moves")
    def _picked(self, event: OptionList.OptionHighlighted) -> None:
        # Only what is still highlighted: steps are quicker than these messages.
        if event.option_list.highlighted == event.option_index:
            self.shown = event.option_index

    def action_step(self, by: int) -> None:
        self.shown = min(len(self._moves), max(0, self.shown + by))

    def action_jump(self, to: int) -> None:
        self.shown = min(len(self._moves), to)

    def action_share(self) -> None:
        self.app.push_screen(ShareDialog(self._story, self.session.options.ascii))

    def _options(self) -> list[Option]:
        numbers = range(1, len(self._moves) + 1)
        lines = ["0     start", *(move_text(self._moves, number) for number in numbers)]
        return [Option(Content(line)) for line in lines]


class ShareDialog(Dialog[None]):
    """The result as text; copied by key, or selected where the clipboard is out of reach."""

    DEFAULT_CSS = """
    ShareDialog > #dialog { width: 56; }
    ShareDialog #card { margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy(False)", "Copy"),
        Binding("a", "copy(True)", "Copy as plain text"),
    ]

    def __init__(self, story: Story, ascii_only: bool) -> None:  # noqa: FBT001
        super().__init__()
        self._story = story
        self._ascii = ascii_only

    def compose_dialog(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "Share"
            yield Static(self._card(plain=self._ascii), id="card", markup=False)
            yield Static("c copies it, a copies it as plain text", id="hint", classes="hint")

    def action_copy(self, plain: bool) -> None:  # noqa: FBT001 (a binding's parameter)
        self.app.copy_to_clipboard(self._card(plain=plain or self._ascii))
        hint = "Copied. If your terminal forbids that, select the text."
        self.query_one("#hint", Static).update(hint)

    def _card(self, *, plain: bool) -> str:
        return share_card(self._story, plain=plain)
