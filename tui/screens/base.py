"""What all screens share: top line, key bar, requests, and the words for too small a terminal."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar, ParamSpec, TypeAlias, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from shared.errors import Refusal
from tui.client.errors import Unreachable
from tui.client.state import ClientState, ConnectionStatus, Happening
from tui.session import Session
from tui.widgets.keybar import KeyBar
from tui.widgets.top_line import TopLine
from tui.words.phrases import LEAST_SIZE, SAID_MS, sentence_of, too_small_text
from tui.words.remarks import why_no_key

P = ParamSpec("P")
ReplyType = TypeVar("ReplyType")
Call: TypeAlias = Callable[P, Awaitable[ReplyType]]
"""A request of the client, made only when its worker runs: else one might never be awaited."""

TICK_SECONDS = 0.5

WIDTHS = [(0, "-tiny"), (LEAST_SIZE[0], "-narrow"), (72, "-normal"), (110, "-wide")]
HEIGHTS = [(0, "-flat"), (LEAST_SIZE[1], "-short"), (22, "-middling"), (34, "-tall")]


class TooSmall(Static):
    """Covers a screen that cannot be drawn; the screen itself lives on below."""

    DEFAULT_CSS = """
    TooSmall {
        layer: cover;
        display: none;
        width: 100%;
        height: 100%;
        content-align: center middle;
        text-align: center;
        background: $background;
        color: $text-warning;
    }
    """

    def on_mount(self) -> None:
        self.on_resize()

    def on_resize(self) -> None:
        self.update(too_small_text(*self.app.size))


class PlainScreen(Screen[None]):
    """A full screen with a title, the connection and the keys."""

    DEFAULT_CSS = """
    PlainScreen {
        layers: base cover;
        overflow: hidden;
        &.-tiny TooSmall { display: block; }
        &.-flat TooSmall { display: block; }
    }
    """
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "reconnect", "Try again"),
        Binding("question_mark", "app.help", "Help", key_display="?"),
    ]
    HELP: ClassVar[str] = ""
    """What there is to know about this screen, beside its keys."""

    state: reactive[ClientState] = reactive(ClientState(), init=False, repaint=False)

    class Changed(Message):
        """The client has a new state. Of several such messages only the last is handled."""

        def __init__(self, state: ClientState) -> None:
            super().__init__()
            self.state = state

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, type(self))

    class Refused(Message):
        """A request of this screen was refused or not answered."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._remark = ""
        self._remark_until = 0
        self.session = session
        self.client = session.client
        self.set_reactive(PlainScreen.state, session.client.state)
        self.ready = False

    def compose(self) -> ComposeResult:
        yield TopLine(
            self.session.where if self.connected else None, ascii_only=self.session.options.ascii
        )
        yield from self.compose_body()
        yield KeyBar()
        yield TooSmall(markup=False)

    def compose_body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    @property
    def connected(self) -> bool:
        """Whether the screen needs a connection, and so tells of it."""
        return True

    def heading(self, room: int) -> str:  # noqa: ARG002 (for screens with much to say)
        """The text of the top line, which has this many columns."""
        return "noughts & crosses"

    def show_state(self) -> None:
        """Binds the state, and the time that it is, into the widgets."""

    def follow_state(self) -> None:
        """What the screen does by itself as the state changes, also behind another one."""

    def tells(self, sentence: str) -> bool:  # noqa: ARG002 (for screens that do)
        """Whether a sentence about a refusal stands on the screen already."""
        return False

    def say(self, sentence: str) -> None:
        """Tells a sentence about a refusal."""
        self.notify(sentence, severity="warning", markup=False)

    def why_not(self, action: str) -> str:  # noqa: ARG002 (for screens that know)
        """Why an action of this screen is impossible now; empty where nothing is to be said."""
        return ""

    def explain(self, key: str, shown: str) -> None:
        """Says for a moment why a key, which is ``shown`` so, does nothing now."""
        actions = [
            binding.action.partition("(")[0].removeprefix("screen.")
            for _, bindings in self._modal_binding_chain
            for binding in bindings.key_to_bindings.get(key, ())
        ]
        why = [why for why in map(self.why_not, actions) if why]
        if why or not actions:
            self.remark(why[0] if why else why_no_key(shown))

    def remark(self, sentence: str) -> None:
        """Says a sentence for a moment, where the screen shows what is `remarked`."""
        self._remark, self._remark_until = sentence, self.session.now_ms() + SAID_MS
        self.show()

    def forget_remark(self) -> None:
        """Forgets the last remark, because there is something newer to say."""
        self._remark = ""
        self.show()

    @property
    def remarked(self) -> str:
        """The last remark, while its moment lasts."""
        return self._remark if self.session.now_ms() < self._remark_until else ""

    def begin(self) -> None:
        """What the screen does first, once there are widgets."""

    def on_mount(self) -> None:
        if not (self.is_attached and self.app.is_running):
            return  # A screen that opens as the app ends is mounted without its widgets.
        self.ready = True
        self.begin()
        # What the client calls back with comes through the queue, like all that a screen hears.
        self._unsubscribe = self.client.subscribe(self._heard)
        self.set_interval(TICK_SECONDS, self.show)
        self.state = self.client.state
        self.show()

    def on_unmount(self) -> None:
        if self.ready:
            self._unsubscribe()

    def on_resize(self) -> None:
        self.call_after_refresh(self.show)

    def on_screen_resume(self) -> None:
        # Screens behind the one in front are not told their breakpoints.
        self.post_message(events.Resize(self.app.size, self.app.size))
        self.show()

    def watch_state(self, old: ClientState, new: ClientState) -> None:
        if old.tables != new.tables:
            self._remark = ""
        self.show()
        if self.in_sight:
            self.refresh_bindings()

    def show(self) -> None:
        """`follow_state`, and `show_state` where it can be seen, once there are widgets.

        Textual paints the whole screen in front when one behind it changes.
        """
        if not self.ready:
            return
        self.follow_state()
        if self.in_sight:
            top = self.query_one(TopLine)
            top.state = self.state
            top.heading = self.heading(top.room)
            self.show_state()

    @property
    def in_sight(self) -> bool:
        """Whether no other full screen stands before this one."""
        stack = self.app.screen_stack
        in_front = stack[stack.index(self) + 1 :] if self in stack else [self]
        return all(each.is_modal for each in in_front)

    def write(self, selector: str, text: str, *, layout: bool = True) -> None:
        """Changes a text where it differs.

        A layout paints the whole screen; a text whose widget keeps its size needs none.
        """
        static = self.query_one(selector, Static)
        if static.content != text:
            static.update(text, layout=layout)

    @on(Changed)
    def _take_state(self, event: Changed) -> None:
        event.stop()
        self.state = event.state

    @on(Refused)
    def _say_refused(self, event: Refused) -> None:
        event.stop()
        if not self.tells(event.sentence):
            self.say(event.sentence)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "reconnect":
            return self.state.connection is ConnectionStatus.FAILED
        return super().check_action(action, parameters)

    def action_reconnect(self) -> None:
        self.client.reconnect()

    def ask(self, request: Call[P, object], *args: P.args, **kwargs: P.kwargs) -> Worker[None]:
        """Sends a request in the background; a refusal comes back as `Refused`."""
        return self.run_worker(partial(self._asking, partial(request, *args, **kwargs)))

    def ask_last(self, request: Call[P, object], *args: P.args, **kwargs: P.kwargs) -> Worker[None]:
        """Sends a request that outlives this screen."""
        return self.app.run_worker(partial(self._asking, partial(request, *args, **kwargs)))

    async def _asking(self, request: Callable[[], Awaitable[object]]) -> None:
        try:
            await request()
        except (Refusal, Unreachable) as failure:
            self.post_message(self.Refused(sentence_of(failure)))

    def _heard(self, state: ClientState, _happening: Happening) -> None:
        self.post_message(self.Changed(state))


class Dialog(ModalScreen[ScreenResultType]):
    """A question over a screen; Esc answers nothing."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        layers: base cover;
        overflow: hidden;
        background: $background 70%;
        &.-tiny TooSmall { display: block; }
        &.-flat TooSmall { display: block; }
    }
    Dialog > #dialog {
        width: 44;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        padding: 1 2;
        background: $surface;
        border: round $primary;
        border-title-color: $foreground;
    }
    Dialog.-short > #dialog { padding: 0 2; }
    Dialog OptionList, Dialog OptionList:focus {
        border: none;
        padding: 0;
        background: transparent;
        height: auto;
        max-height: 100%;
    }
    Dialog OptionList > .option-list--option-highlighted,
    Dialog OptionList:focus > .option-list--option-highlighted {
        background: $primary 30%;
        color: $foreground;
        text-style: bold;
    }
    Dialog .hint { color: $foreground 60%; height: auto; }
    Dialog .wrong { color: $text-error; height: auto; }
    """
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def compose(self) -> ComposeResult:
        yield from self.compose_dialog()
        yield KeyBar()
        yield TooSmall(markup=False)

    def compose_dialog(self) -> ComposeResult:
        """One container with the id ``dialog``."""
        yield Widget(id="dialog")

    def on_click(self, event: events.Click) -> None:
        """A click beside the dialog is a way back."""
        beside = not self.query_one("#dialog").region.contains_point(event.screen_offset)
        if beside and event.button == 1:
            self.dismiss()
