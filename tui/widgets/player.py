"""A player at the table: mark, name, presence, clock, series and what was just said."""

from textual.content import Content
from textual.reactive import reactive

from shared.board import Mark
from shared.text import cell_width
from tui.widgets.art import SMALL, Charset, Texel, Tile, picture
from tui.widgets.sparing import SparingWidget
from tui.words.phrases import counted, shortened
from tui.words.player import PlayerView


def small_mark(mark: Mark, *, ascii_only: bool) -> tuple[str, ...]:
    """The mark in eight columns and three rows."""
    charset = Charset.ASCII if ascii_only else Charset.BLOCKS
    rows: list[list[Texel]] = picture((Tile(mark), *(Tile(),) * 8), SMALL, charset=charset)
    return tuple(
        "".join(texel.character for texel in row[1 : SMALL.columns - 1])
        for row in rows[: SMALL.rows]
    )


class PlayerPanel(SparingWidget):
    """Shows a `PlayerView`: tall beside the board, or in two lines above it."""

    DEFAULT_CSS = """
    PlayerPanel {
        width: 21;
        height: 1fr;
        padding: 1 0;
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
        return self._short() if self.size.height <= 2 else self._tall()

    def watch_shown(self) -> None:
        self.redraw()

    def watch_ascii(self) -> None:
        self.redraw()

    def _tall(self) -> Content:
        shown, lines = self.shown, []
        lines += [
            self._in(f"player--{shown.mark}", row)
            for row in small_mark(shown.mark, ascii_only=self.ascii)
        ]
        lines += [Content(""), self._in("player--name", shown.name)]
        lines += [self._presence(), self._wins(), self._turn(), Content(""), self._said()]
        return Content("\n").join(lines)

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
        pointer = "> " if self.ascii else "▸ "
        return self._in("player--name", f"{pointer}{self.shown.clock or 'to move'}")

    def _wins(self) -> Content:
        wins = self.shown.wins
        return Content("") if wins is None else self._in("player--quiet", counted(wins, "win"))

    def _said(self) -> Content:
        if not self.shown.said:
            return Content("")
        return self._in("player--said", f'"{self.shown.said}"')

    def _in(self, component: str, text: str) -> Content:
        return Content.styled(text, self.get_visual_style(component, partial=True))
