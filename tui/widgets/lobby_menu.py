"""The lobby's menu: every way into a game, with its key."""

from collections.abc import Iterable
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from shared.messages import Snapshot
from shared.text import cell_width
from tui.client.seats import SavedSeat
from tui.words.lobby import resume_text

_KEY_COLUMN: Final = 27

Resumables = tuple[tuple[SavedSeat, Snapshot], ...]
"""Seats of the player's that nobody holds, each with its game."""


class LobbyMenu(OptionList):
    """The menu. The id of each option is the name of the lobby's action that it does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.choose", "Choose"),
        Binding("tab", "app.focus_next", "Games", key_display="tab"),
    ]

    resumables: reactive[Resumables] = reactive((), init=False)
    player_name: reactive[str] = reactive("", init=False)

    @property
    def marked(self) -> str:
        """The action of the option that is marked."""
        return (self.highlighted_option.id or "") if self.highlighted_option else ""

    @property
    def marked_seat(self) -> tuple[SavedSeat, Snapshot] | None:
        """The saved seat whose game is marked; None when another option is marked."""
        place = self.highlighted
        fits = place is not None and place < len(self.resumables)
        return self.resumables[place] if place is not None and fits else None

    def on_mount(self) -> None:
        self._show()

    def watch_resumables(self, old: Resumables, new: Resumables) -> None:
        self._show()
        if new and not old:
            self.highlighted = 0

    def watch_player_name(self) -> None:
        self._show()

    def _show(self) -> None:
        highlighted = self.highlighted or 0
        self.set_options(Option(line, id=action) for action, line in self._entries())
        self.highlighted = min(highlighted, self.option_count - 1)

    def _entries(self) -> Iterable[tuple[str, Content]]:
        for number, (seat, game) in enumerate(self.resumables):
            action = f"resume('{seat.id}', '{seat.mark}')"
            yield action, menu_line(resume_text(seat, game), "" if number else "r")
        yield "match", menu_line("Quick match", "q")
        yield "new", menu_line("New game", "n")
        yield "join", menu_line("Join by code", "j")
        yield "practise", menu_line("Play the computer", "p")
        yield "name", menu_line(f"Name: {self.player_name or 'none yet'}", "e")


def menu_line(label: str, key: str) -> Content:
    """An option of the menu with its key at the right."""
    gap = " " * (_KEY_COLUMN - cell_width(label))
    return Content(f" {label}{gap}") + Content.styled(key, "bold $text-accent")
