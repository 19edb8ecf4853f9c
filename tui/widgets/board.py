"""The board: draws a frozen view of a game and posts the cell that a player chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Final, Literal, NamedTuple, get_args

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import NULL_OFFSET, Offset, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from shared.board import Mark, cell_at, free, outcome, row_and_column, turn
from tui.widgets.art import (
    CURSOR,
    GUTTER,
    LAST,
    STRIKE,
    Charset,
    Line,
    Texel,
    Tile,
    Tone,
    cell_size,
    picture,
)
from tui.widgets.art import Size as CellSize
from tui.widgets.sparing import SparingWidget
from tui.words.digits import cell_of_digit

MIDDLE = 4
STRIKE_SECONDS = 0.35


End = Literal["won", "lost", "seen"]
"""What a completed line is to the one who looks at it."""


@dataclass(frozen=True, slots=True)
class BoardView:
    """What a board shows. ``mover`` is the mark that can be placed here and now, if any.

    At a board that is ``settled`` nothing will be chosen any more.
    """

    moves: str = ""
    mover: Mark | None = None
    pending: int | None = None
    settled: bool = False
    end: End = "seen"

    @property
    def choices(self) -> tuple[int, ...]:
        return free(self.moves) if self.mover else ()

    @property
    def lines(self) -> tuple[Line, ...]:
        return outcome(self.moves).lines


def tiles(view: BoardView, cursor: int | None) -> tuple[Tile, ...]:
    """The nine cells of a view, with the cursor on one of them or on none."""
    return tuple(_tile(view, cell, at_cursor=cell == cursor) for cell in range(9))


def _tile(view: BoardView, cell: int, *, at_cursor: bool) -> Tile:
    place = view.moves.find(str(cell))
    is_last = 0 <= place == len(view.moves) - 1 and not view.lines
    frame = CURSOR if at_cursor else LAST if is_last else ""
    if place >= 0:
        lost = view.lines and not any(cell in line for line in view.lines)
        return Tile(turn(view.moves[:place]), Tone.FADED if lost else Tone.SOLID, frame)
    if cell == view.pending:
        return Tile(turn(view.moves), Tone.PENDING, frame)
    if at_cursor and view.mover and view.pending is None:
        return Tile(view.mover, Tone.GHOST, frame)
    return Tile(frame=frame)


def stepped(cell: int, down: int, right: int) -> int:
    """The cell one step away; the edge of the board stops the cursor."""
    row, column = row_and_column(cell)
    return cell_at(min(2, max(0, row + down)), min(2, max(0, column + right)))


class Picture(NamedTuple):
    """The rows of the whole board without its cells, and the rows of each cell."""

    grid: list[list[Texel]]
    cells: list[list[list[Texel]]]


def apart(rows: list[list[Texel]], size: CellSize) -> Picture:
    """The grid and the cells of a picture, each of which changes by itself."""
    grid, cells = [[*row] for row in rows], []
    for cell in range(9):
        row, column = row_and_column(cell)
        left, top = column * (size.columns + GUTTER), row * (size.rows + GUTTER)
        right = left + size.columns
        cells.append([line[left:right] for line in rows[top : top + size.rows]])
        for line in grid[top : top + size.rows]:
            line[left:right] = [_NOTHING] * size.columns
    return Picture(grid, cells)


_NOTHING: Final = Texel(" ")


class Cell(SparingWidget):
    """One of the nine cells: its part of the board's picture, and the pointer's target."""

    ALLOW_SELECT = False

    class Chosen(Message):
        """A player wants to play here."""

        def __init__(self, cell: int) -> None:
            super().__init__()
            self.cell = cell

    class Refused(Message):
        """A player wants to play where nothing can be played."""

        def __init__(self, cell: int) -> None:
            super().__init__()
            self.cell = cell

    class Pointed(Message):
        """The pointer came over this cell."""

        def __init__(self, cell: int) -> None:
            super().__init__()
            self.cell = cell

    def __init__(self, board: "Board", cell: int) -> None:
        super().__init__(id=f"cell-{cell}")
        self.board = board
        self.cell = cell

    def draw(self, size: Size) -> list[Strip]:
        return self.board.cell_lines(self.cell)[: size.height]

    def choose(self) -> None:
        """Asks to play here; what click, digit and Enter all do."""
        possible = self.cell in self.board.view.choices and self.board.view.pending is None
        self.post_message((self.Chosen if possible else self.Refused)(self.cell))

    def on_enter(self) -> None:
        self.post_message(self.Pointed(self.cell))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if event.button == 1:
            self.choose()


class BoardLayout(Layout):
    """Nine cells where the picture has them, as large as the space allows."""

    name = "board"

    def arrange(
        self,
        parent: Widget,  # noqa: ARG002 (Textual's)
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002, FBT001, FBT002 (Textual's)
    ) -> ArrangeResult:
        cell = cell_size(*size)
        left, top = origin(size)
        return [
            WidgetPlacement(
                Region(
                    left + row_and_column(place)[1] * (cell.columns + GUTTER),
                    top + row_and_column(place)[0] * (cell.rows + GUTTER),
                    *cell,
                ),
                NULL_OFFSET,
                Spacing(),
                child,
            )
            for place, child in enumerate(children)
        ]


_LAYOUT: Final = BoardLayout()


def origin(size: Size) -> tuple[int, int]:
    """The column and row of the picture's corner in so much space."""
    width, height = cell_size(*size).board
    return max(0, (size.width - width) // 2), max(0, (size.height - height) // 2)


class Board(SparingWidget, can_focus=True):
    """Three by three cells as large as the space allows, with a cursor for keys and pointer."""

    DEFAULT_CSS = """
    Board {
        width: 1fr;
        height: 1fr;
        min-width: 17;
        min-height: 11;
    }
    Board > .board--grid { color: $foreground 75%; }
    Board > .board--x { color: $primary; }
    Board > .board--o { color: $accent; }
    Board > .board--x-ghost { color: $primary 35%; }
    Board > .board--o-ghost { color: $accent 35%; }
    Board > .board--x-pending { color: $primary 60%; }
    Board > .board--o-pending { color: $accent 60%; }
    Board > .board--x-faded { color: $primary 45%; }
    Board > .board--o-faded { color: $accent 45%; }
    Board > .board--strike-won { color: $success; }
    Board > .board--strike-lost { color: $error; }
    Board > .board--strike-seen { color: $foreground; }
    Board > .board--cursor { color: $foreground; text-style: bold; }
    Board > .board--last { color: $foreground 70%; }
    Board:nocolor > .board--x-ghost, Board:nocolor > .board--o-ghost { text-style: dim; }
    Board:nocolor > .board--x-pending, Board:nocolor > .board--o-pending { text-style: dim; }
    Board:nocolor > .board--x-faded, Board:nocolor > .board--o-faded { text-style: dim; }
    Board:nocolor > .board--strike-won, Board:nocolor > .board--strike-lost { text-style: bold; }
    Board:nocolor > .board--strike-seen { text-style: bold; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "board--grid",
        *(f"board--strike-{end}" for end in get_args(End)),
        "board--cursor",
        "board--last",
        *(f"board--{mark}{tone}" for mark in Mark for tone in Tone),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k,w", "step(-1, 0)", "Up", show=False, key_display="↑ k w"),
        Binding("down,j,s", "step(1, 0)", "Down", show=False, key_display="↓ j s"),
        Binding("left,h,a", "step(0, -1)", "Left", show=False, key_display="← h a"),
        Binding("right,l,d", "step(0, 1)", "Right", show=False, key_display="→ l d"),
        Binding("enter,space", "choose", "Play", key_display="enter 1-9"),
        *(
            Binding(str(digit), f"play({digit})", "Play at once", show=False, key_display="1-9")
            for digit in range(1, 10)
        ),
    ]

    view: reactive[BoardView] = reactive(BoardView(), repaint=False)
    cursor: reactive[int] = reactive(MIDDLE, repaint=False)
    ascii: reactive[bool] = reactive(default=False, repaint=False)
    numpad: reactive[bool] = reactive(default=False, repaint=False)
    struck: reactive[float] = reactive(1.0, repaint=False)
    """How much of the winning lines is struck through, 0-1."""

    def __init__(self, *, id: str | None = None, interactive: bool = True) -> None:  # noqa: A002
        super().__init__(id=id)
        self.can_focus = interactive
        self._picture: tuple[CellSize, Picture] | None = None

    def compose(self) -> ComposeResult:
        for cell in range(9):
            yield Cell(self, cell)

    @property
    def layout(self) -> Layout:
        return _LAYOUT

    @property
    def charset(self) -> Charset:
        if self.ascii:
            return Charset.ASCII
        return Charset.MONO if self.app.no_color else Charset.BLOCKS

    def cell(self, cell: int) -> Cell:
        return self.query_one(f"#cell-{cell}", Cell)

    def watch_view(self, old: BoardView, new: BoardView) -> None:
        if new.lines and not old.lines and old.moves:
            self.struck = 0.0
            self.animate("struck", 1.0, duration=STRIKE_SECONDS, level="basic")
        self._redraw()
        self.refresh_bindings()

    def watch_cursor(self) -> None:
        self._redraw()
        self._place_terminal_cursor()

    def watch_ascii(self) -> None:
        self._redraw()

    def watch_struck(self) -> None:
        self._redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._place_terminal_cursor)

    def on_focus(self) -> None:
        self._redraw()
        self._place_terminal_cursor()

    def on_blur(self) -> None:
        self._redraw()

    def on_cell_pointed(self, event: Cell.Pointed) -> None:
        event.stop()
        if self.can_focus:
            self.cursor = event.cell

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:  # noqa: ARG002 (Textual's)
        if action in {"choose", "play"}:
            return bool(self.view.choices) and self.view.pending is None
        return True

    def action_step(self, down: int, right: int) -> None:
        self.cursor = stepped(self.cursor, down, right)

    def action_choose(self) -> None:
        self.cell(self.cursor).choose()

    def action_play(self, digit: int) -> None:
        cell = cell_of_digit(digit, numpad=self.numpad)
        self.cell(cell).choose()
        self.cursor = cell

    def draw(self, size: Size) -> list[Strip]:
        left, top = origin(size)
        ground = self.rich_style
        margin = Segment(" " * left, ground)
        lines = [
            Strip([margin, *self._segments(row, ground)]).adjust_cell_length(size.width, ground)
            for row in self._picture_in(size).grid
        ]
        blank = Strip.blank(size.width, ground)
        below = size.height - top - len(lines)
        return [*[blank] * top, *lines, *[blank] * below][: size.height]

    def cell_lines(self, cell: int) -> list[Strip]:
        """The lines of one cell's part of the picture."""
        ground = self.rich_style
        rows = self._picture_in(self.size).cells[cell]
        return [Strip(self._segments(row, ground)) for row in rows]

    def _picture_in(self, size: Size) -> Picture:
        cell = cell_size(*size)
        if self._picture is None or self._picture[0] != cell:
            cursor = self.cursor if self.has_focus and not self.view.settled else None
            drawn = picture(
                tiles(self.view, cursor),
                cell,
                lines=self.view.lines,
                progress=self.struck,
                charset=self.charset,
            )
            self._picture = cell, apart(drawn, cell)
        return self._picture[1]

    def _redraw(self) -> None:
        before, self._picture = self._picture, None
        now = self._picture_in(self.size)
        if before is None or before[1].grid != now.grid:
            self.redraw()
        for child in self.query(Cell):
            if before is None or before[1].cells[child.cell] != now.cells[child.cell]:
                child.redraw()

    def _segments(self, texels: Sequence[Texel], ground: Style) -> list[Segment]:
        runs = groupby(texels, key=lambda texel: (texel.ink, texel.behind))
        return [
            Segment("".join(texel.character for texel in run), self._style(*inks, ground))
            for inks, run in runs
        ]

    def _style(self, ink: str, behind_ink: str, ground: Style) -> Style:
        if not ink:
            return ground
        style = self._ink_style(ink)
        if behind_ink:
            behind = self._ink_style(behind_ink)
            style += Style.from_color(style.color, behind.color)
        return style

    def _ink_style(self, ink: str) -> Style:
        name = f"{ink}-{self.view.end}" if ink == STRIKE else ink
        return self.get_component_rich_style(f"board--{name}")

    def _place_terminal_cursor(self) -> None:
        """Puts the terminal's own cursor on the cell, which is where screen readers look."""
        if self.has_focus:
            region = self.cell(self.cursor).region
            self.app.cursor_position = Offset(
                region.x + region.width // 2, region.y + region.height // 2
            )
