"""Every key of a screen, to be read, chosen or clicked."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.screens.base import Dialog
from tui.screens.dialogs import Choices
from tui.words.hints import Hint, help_line


class HelpScreen(Dialog[str]):
    """Answers the key whose action is to be done, if any."""

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
            yield Choices(
                *(Option(Content(help_line(hint)), id=hint.binding) for hint in self._hints)
            )

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
