"""The sentence that says where a game stands, with a second line for what can be done about it."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.words.status import Status


class StatusLine(Widget):
    """Shows a `Status`."""

    DEFAULT_CSS = """
    StatusLine {
        width: 1fr;
        height: auto;
        min-height: 2;
        max-height: 3;
        text-align: center;
        text-style: bold;
    }
    StatusLine.-call { color: $text-accent; }
    StatusLine.-good { color: $text-success; }
    StatusLine.-bad { color: $text-error; }
    StatusLine.-warn { color: $text-warning; }
    StatusLine > .status--note { text-style: not bold; color: $foreground 70%; }
    """
    COMPONENT_CLASSES = {"status--note"}  # noqa: RUF012 (as Textual types it)

    shown: reactive[Status] = reactive(Status(""), layout=True)

    def render(self) -> Content:
        note = Content.styled(self.shown.note, self.get_visual_style("status--note"))
        return Content(self.shown.text) + Content("\n") + note

    def watch_shown(self, old: Status, new: Status) -> None:
        self.remove_class(f"-{old.tone}").add_class(f"-{new.tone}")
