"""A player at the table: mark, name, presence, clock, series and what was just said."""

from textual.content import Content
from textual.reactive import reactive

from shared.board import Mark
from shared.text import cell_width
from tui.widgets.art import SMALL, Charset, Size, Tile, picture
from tui.widgets.sparing import SparingWidget
from tui.words.phrases import counted, shortened
from tui.words.player import PlayerView


def mark_rows(mark: Mark, size: Size = SMALL, *, ascii_only: bool) -> tuple[str, ...]:
    """The mark as the board draws it in a cell of this size, without the room beside it."""
    charset = Charset.ASCII if ascii_only else Charset.BLOCKS
    drawn = picture((Tile(mark), *(Tile(),) * 8), size, charset=charset)
    shown = [
        "".join(texel.character for texel in row[: size.columns]) for row in drawn[: size.rows]
    ]
    rows = [row for row in shown if row.strip()]
    left = min(len(row) - len(row.lstrip()) for row in rows)
    right = max(len(row.rstrip()) for row in rows)
    return tuple(row[left:right] for row in rows)


def mark_size(width: int, height: int) -> Size:
    """The cell whose mark goes with a panel of this size."""
    rows = max(SMALL.rows, min(height // 4, (width - 2) // 2))
    return SMALL if rows == SMALL.rows else Size(2 * rows, rows)


class PlayerPanel(SparingWidget):
    """Shows a `PlayerView`: tall beside the board, or in one or two lines above it."""

    DEFAULT_CSS = """
    PlayerPanel {
        text-align: center;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    PlayerPanel > .player--x { color: $primary; }
    PlayerPanel > .player--o { color: $accent; }
    PlayerPanel > .player--name { text-style: bold; }
    PlayerPanel > .player--quiet { color: $foreground 60%; }
    PlayerPanel > .player--here { color: $success; }
    PlayerPanel > .player--away { color: $warning; }
    PlayerPanel > .player--said { color: $foreground; text-style: italic; }
    """
    COMPONENT_CLASSES = {  # noqa: RUF012 (as Textual types it)
        "player--x",
        "player--o",
        "player--name",
        "player--quiet",
        "player--here",
        "player--away",
        "player--said",
    }

    shown: reactive[PlayerView] = reactive(PlayerView(Mark.X, ""), repaint=False)
    ascii: reactive[bool] = reactive(default=False, repaint=False)

    def render(self) -> Content:
        match self.size.height:
            case 1:
                return self._shortest()
            case 2:
                return self._short()
            case _:
                return self._tall()

    def on_resize(self) -> None:
        above = self.size.height <= 2
        self.styles.text_align = ("right" if self.id == "right" else "left") if above else "center"

    def watch_shown(self) -> None:
        self.redraw()

    def watch_ascii(self) -> None:
        self.redraw()

    def _tall(self) -> Content:
        shown, size = self.shown, mark_size(*self.content_size)
        drawn = mark_rows(shown.mark, size, ascii_only=self.ascii)
        lines = [self._in(f"player--{shown.mark}", row) for row in drawn]
        lines += [Content(""), self._in("player--name", shown.name), self._presence()]
        lines += [self._wins(), Content(""), self._turn(), Content(""), self._said()]
        room = max(0, self.content_size.height - len(lines)) // 3
        return Content("\n").join([*[Content("")] * room, *lines])

    def _short(self) -> Content:
        shown, width = self.shown, self.content_size.width
        mark = shown.mark if self.ascii else {"x": "✕", "o": "◯"}[shown.mark]
        score = self._score(width - 2)
        name = shortened(shown.name, width - 2 - len(score), ascii_only=self.ascii)
        first = self._in(f"player--{shown.mark}", f"{mark} ") + self._in("player--name", name)
        pointer = self._in("player--name", (">" if self.ascii else "▸") + f"{shown.clock} ")
        second = self._said() if shown.said else self._presence()
        if shown.to_move and not shown.said and (pointer + second).cell_length <= width:
            second = pointer + second
        return first + self._in("player--quiet", score) + Content("\n") + second

    def _shortest(self) -> Content:
        shown, width = self.shown, self.content_size.width
        mark = shown.mark if self.ascii else {"x": "✕", "o": "◯"}[shown.mark]
        away = (" o" if self.ascii else " ○") if shown.away else ""
        turn = f" {'>' if self.ascii else '▸'}{shown.clock}" if shown.to_move else ""
        room = width - 2 - cell_width(away) - cell_width(turn)
        said = f'"{shown.said}"' if shown.said else ""
        name = said if 0 < cell_width(said) <= room else shown.name
        return Content.assemble(
            self._in(f"player--{shown.mark}", f"{mark} "),
            self._in("player--name", shortened(name, room, ascii_only=self.ascii)),
            self._in("player--away", away),
            self._in("player--name", turn),
        )

    def _score(self, width: int) -> str:
        """The games won, in a word where the name leaves room for it."""
        wins = self.shown.wins
        if wins is None:
            return ""
        long = f"  {counted(wins, 'win')}"
        return long if cell_width(self.shown.name + long) <= width else f"  {wins}"

    def _presence(self) -> Content:
        if self.shown.away:
            return self._in("player--away", ("o " if self.ascii else "○ ") + self.shown.away)
        here = self._in("player--here", "* " if self.ascii else "● ")
        return here + self._in("player--quiet", "you" if self.shown.you else "here")

    def _turn(self) -> Content:
        if not self.shown.to_move:
            return Content("")
        before, after = "><" if self.ascii else "▸◂"
        return self._in("player--name", f"{before} {self.shown.clock or 'to move'} {after}")

    def _wins(self) -> Content:
        wins = self.shown.wins
        return Content("") if wins is None else self._in("player--quiet", counted(wins, "win"))

    def _said(self) -> Content:
        if not self.shown.said:
            return Content("")
        return self._in("player--said", f'"{self.shown.said}"')

    def _in(self, component: str, text: str) -> Content:
        return Content.styled(text, self.get_visual_style(component, partial=True))
