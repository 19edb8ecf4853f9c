"""What is known of the game that is marked in the lobby: of a game that was left, its board."""

from textual.content import Content
from textual.reactive import reactive

from shared.board import Mark
from tui.widgets.sparing import SparingWidget
from tui.words.lobby import Preview

_CELLS = {Mark.X: ("✕", "x", "$primary"), Mark.O: ("◯", "o", "$accent")}


class GamePreview(SparingWidget):
    """Shows a `Preview`; nothing where no game is marked."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    GamePreview { height: 7; width: 1fr; }
    """

    shown: reactive[Preview | None] = reactive(None, repaint=False)
    ascii: reactive[bool] = reactive(default=False, repaint=False)

    def render(self) -> Content:
        if self.shown is None:
            return Content("")
        told = [Content.styled(self.shown.title, "bold"), *map(Content, self.shown.lines)]
        if self.shown.board is None:
            return Content("\n").join(told)
        drawn = self._miniature(self.shown.board)
        beside = [*told, *[Content("")] * (len(drawn) - len(told))]
        return Content("\n").join(
            row + Content("   ") + line for row, line in zip(drawn, beside, strict=False)
        )

    def watch_shown(self) -> None:
        self.redraw()

    def _miniature(self, board: str) -> list[Content]:
        line = "|" if self.ascii else "│"
        between = Content.styled("---+---+---" if self.ascii else "───┼───┼───", "$foreground 55%")
        rows: list[Content] = []
        for row in range(3):
            cells = [self._cell(character) for character in board[3 * row : 3 * row + 3]]
            rows += [Content.styled(line, "$foreground 55%").join(cells), between]
        return rows[:-1]

    def _cell(self, character: str) -> Content:
        if character not in _CELLS:
            return Content("   ")
        mark, plain, colour = _CELLS[Mark(character)]
        return Content.styled(f" {plain if self.ascii else mark} ", f"bold {colour}")
