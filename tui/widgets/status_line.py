"""The sentence that says where a game stands, with a second line for what can be done about it."""

from typing import ClassVar, get_args

from textual.content import Content
from textual.reactive import reactive

from tui.widgets.sparing import SparingWidget
from tui.words.status import Status, Tone, lines_of


class StatusLine(SparingWidget):
    """Shows a `Status`."""

    DEFAULT_CSS = """
    StatusLine {
        width: 1fr;
        height: 3;
        padding: 0 1;
        text-wrap: nowrap;
        text-align: center;
        text-style: bold;
    }
    StatusLine > .status--call { color: $text-accent; }
    StatusLine > .status--good { color: $text-success; }
    StatusLine > .status--bad { color: $text-error; }
    StatusLine > .status--warn { color: $text-warning; }
    StatusLine > .status--note { text-style: not bold; color: $foreground 70%; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status--note",
        *(f"status--{tone}" for tone in get_args(Tone)),
    }

    shown: reactive[Status] = reactive(Status(""), repaint=False)

    def watch_shown(self) -> None:
        self.redraw()

    def render(self) -> Content:
        text, note = lines_of(self.shown, *self.content_size)
        tone = self.get_visual_style(f"status--{self.shown.tone}", partial=True)
        quiet = self.get_visual_style("status--note")
        lines = [
            *(Content.styled(line, tone) for line in text),
            *(Content.styled(line, quiet) for line in note),
        ]
        return Content("\n").join(lines)
