"""Every key of a screen, to be read, chosen or clicked."""

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.screens.base import Dialog
from tui.screens.dialogs import Choices
from tui.words.hints import Hint, grouped, help_line


class HelpLines(Choices):
    """The list of keys. None is marked at first, so that Enter does nothing by accident."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose_line", "Choose")]

    def on_mount(self) -> None:
        self.highlighted = None

    def action_choose_line(self) -> None:
        if self.highlighted is None:
            self.screen.dismiss()
        else:
            self.action_select()


class HelpScreen(Dialog[str]):
    """Shows the keys of a screen; answers the key that the player chose, or nothing."""

    DEFAULT_CSS = """
    HelpScreen > #dialog { width: 64; }
    HelpScreen OptionList, HelpScreen OptionList:focus { max-height: 12; }
    HelpScreen.-tall OptionList { max-height: 24; }
    HelpScreen.-short OptionList { max-height: 7; }
    HelpScreen.-short .hint { display: none; }
    """

    def __init__(self, about: str, hints: tuple[Hint, ...]) -> None:
        super().__init__()
        self._about = about
        self._hints = hints

    def compose_dialog(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "Help"
            yield Static(f"{self._about}\n", classes="hint", markup=False)
            yield HelpLines(*self._lines())

    def _lines(self) -> Iterator[Option]:
        for group, hints in grouped(self._hints):
            yield Option(Content.styled(group, "bold $text-accent"), disabled=True)
            for hint in hints:
                yield Option(Content(help_line(hint)), id=hint.binding, disabled=hint.final)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
