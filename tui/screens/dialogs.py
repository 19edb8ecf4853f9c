"""The questions that screens ask: a choice of a few, a new game, a code, a name."""

from typing import ClassVar, Final, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from shared.board import MarkChoice
from shared.text import NAME_BYTES, NAME_CELLS, NAME_CODE_POINTS, cell_width, clean_name
from tui.options import Level, StartGame
from tui.screens.base import Dialog
from tui.words.codes import NONE_PASTED, WRONG, GameCode, ReplayCode, Unsure, read_code
from tui.words.phrases import TOO_LONG, clock_text

LEVELS: Final[dict[str, str]] = {
    "easy": "Easy: plays anywhere",
    "medium": "Medium: sees your threats",
    "perfect": "Perfect: never loses",
}


class Choices(OptionList):
    """A list that shows in the key bar what Enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Choose")]


class ChoiceDialog(Dialog[str]):
    """One of a few, by arrow and Enter, number or click; answers its id."""

    def __init__(self, title: str, choices: dict[str, str], *, text: str = "", at: int = 0) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._text = text
        self._at = at

    def compose_dialog(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(self._title)
            if self._text:
                yield Static(f"{self._text}\n", markup=False, classes="hint")
            choices = Choices(
                *(
                    Option(Content(f"{number}  {label}"), id=choice)
                    for number, (choice, label) in enumerate(self._choices.items(), start=1)
                )
            )
            choices.highlighted = self._at
            yield choices

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def on_key(self, event: events.Key) -> None:
        if event.key.isdecimal() and 1 <= int(event.key) <= len(self._choices):
            event.stop()
            self.dismiss(list(self._choices)[int(event.key) - 1])


class QuitDialog(ChoiceDialog):
    """Asks whether to end the program in the middle of a game; ``quit`` leaves it in order."""

    def __init__(self, text: str, *, seat_kept: bool) -> None:
        parting = "Quit for now: your seat is kept" if seat_kept else "Quit"
        choices = {"stay": "Play on", "quit": parting}
        resign = {"resign": "Give the game up, and quit"} if seat_kept else {}
        super().__init__("Quit?", {**choices, **resign}, text=text)


def levels() -> ChoiceDialog:
    """Asks how well the computer is to play."""
    return ChoiceDialog("Play the computer", LEVELS, at=1)


ValueType = TypeVar("ValueType")


class Chooser(Widget, Generic[ValueType], can_focus=True):
    """A label and one of several values; arrows and clicks go to the next."""

    DEFAULT_CSS = """
    Chooser { height: 1; width: 1fr; }
    Chooser:focus { background: $primary 30%; text-style: bold; }
    Chooser > .chooser--label { color: $foreground 60%; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chooser--label"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Change", key_display="← →"),
        Binding("right,l,space", "step(1)", "Change", show=False),
        Binding("up,k", "app.focus_previous", "Up", show=False),
        Binding("down,j", "app.focus_next", "Down", show=False),
    ]

    place: reactive[int] = reactive(0)

    def __init__(self, label: str, values: dict[ValueType, str], value: ValueType, id: str) -> None:  # noqa: A002 (as every widget)
        super().__init__(id=id)
        self._label = label
        self._values = values
        self.set_reactive(Chooser.place, list(values).index(value))

    @property
    def value(self) -> ValueType:
        return list(self._values)[self.place]

    def render(self) -> Content:
        label = Content.styled(
            f"{self._label:<10}", self.get_visual_style("chooser--label", partial=True)
        )
        return label + Content(f"< {self._values[self.value]} >")

    def on_click(self, event: events.Click) -> None:
        if event.button == 1:
            self.action_step(1)

    def action_step(self, by: int) -> None:
        self.place = (self.place + by) % len(self._values)


_MARKS: Final[dict[MarkChoice, str]] = {"x": "x, you begin", "o": "o", "random": "either"}
_LISTED: Final = {False: "friends, by its code", True: "everybody, in the lobby"}
_CLOCKS: Final = (0, 10, 20, 30, 60, 120, 300, 600)


class NewGameDialog(Dialog[StartGame]):
    """Asks what a new game is to be like."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "start", "Start")]
    DEFAULT_CSS = """
    NewGameDialog Button { margin-top: 1; }
    """

    def __init__(self, clock: int = 0) -> None:
        super().__init__()
        self._clock = clock

    def compose_dialog(self) -> ComposeResult:
        clocks = {seconds: clock_text(seconds) for seconds in sorted({*_CLOCKS, self._clock})}
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "New game"
            yield Chooser("Open to", _LISTED, value=False, id="listed")
            yield Chooser("You play", _MARKS, "x", id="mark")
            yield Chooser("Clock", clocks, self._clock, id="clock")
            yield Button("Start", variant="primary", compact=True, id="start")

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        self.dismiss(
            StartGame(
                mark=self.query_one("#mark", Chooser).value,
                listed=self.query_one("#listed", Chooser).value,
                clock=self.query_one("#clock", Chooser).value,
            )
        )


class CodeInput(Input):
    """An input that shows in the key bar what Enter does.

    Enter is handled after the letters before it, however quickly they are typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "Join")]

    class Pasted(Message):
        """What was pasted, of which only a code is of use here."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def _on_paste(self, event: events.Paste) -> None:
        # Textual would take the first line, and not what matters in it.
        event.stop()
        event.prevent_default()
        self.post_message(self.Pasted(event.text))


class CodeDialog(Dialog[GameCode | ReplayCode]):
    """Asks for the code of a game, however people write it.

    ``wrong`` says why the player is asked once more.
    """

    DEFAULT_CSS = """
    CodeDialog Horizontal { height: 1; margin-top: 1; }
    CodeDialog Button { margin-right: 2; }
    """

    def __init__(self, text: str = "", wrong: str = "", *, watch: bool = False) -> None:
        super().__init__()
        self._text = text
        self._wrong = wrong
        self._watches = watch

    def compose_dialog(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "Join by code"
            yield CodeInput(self._text, placeholder="K7QF2M", compact=True, id="code")
            yield Static(self._wrong, classes="wrong", markup=False)
            with Horizontal():
                yield Button("Join", variant="primary", compact=True, id="join")
                yield Button("Only watch", compact=True, id="watch")

    def on_mount(self) -> None:
        if self._watches:
            self.query_one("#watch").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#join")
    def _join(self) -> None:
        self._answer(watch=False)

    @on(Button.Pressed, "#watch")
    def _watch(self) -> None:
        self._answer(watch=True)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        if event.value != self._text:
            self._say("")

    @on(CodeInput.Pasted)
    def _pasted(self, event: CodeInput.Pasted) -> None:
        """Puts the pasted code in place of the field's text; without a code says what is wrong."""
        match read_code(event.text):
            case GameCode(code) | ReplayCode(code):
                self._text = code
                field = self.query_one(Input)
                field.value = code
                field.cursor_position = len(code)
                self._say("")
            case Unsure() as unsure:
                self._say(unsure.question)
            case None:
                self._say(NONE_PASTED)

    def _answer(self, *, watch: bool) -> None:
        match read_code(self.query_one(Input).value):
            case GameCode(code):
                self.dismiss(GameCode(code, watch))
            case ReplayCode() as replay:
                self.dismiss(replay)
            case _:
                self._say(WRONG)

    def _say(self, sentence: str) -> None:
        self.query_one(".wrong", Static).update(sentence)


class NameInput(Input):
    """An input that shows in the key bar what Enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "Save")]

    def _on_paste(self, event: events.Paste) -> None:
        # Textual would take the first line, which may be empty.
        event.stop()
        event.prevent_default()
        self.replace(" ".join(event.text.split()), *self.selection)


class NameDialog(Dialog[str]):
    """Asks what the player is called, in as many columns as a name may take."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name_now = name
        self._cut: str | None = None

    def compose_dialog(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "Your name"
            yield NameInput(self._name_now, placeholder="your name", compact=True, id="name")
            yield Static("", classes="wrong", markup=False)
            yield Static("\nOthers see it from your next game on.", classes="hint")

    @on(Input.Changed)
    def _limit(self, event: Input.Changed) -> None:
        """Cuts a name that is too long, and says so."""
        if event.value == self._cut:
            return  # what we have put there ourselves
        fits = (
            cell_width(event.value) <= NAME_CELLS
            and len(event.value) <= NAME_CODE_POINTS
            and len(event.value.encode(errors="replace")) <= NAME_BYTES
        )
        self._cut = None if fits else clean_name(event.value)
        if self._cut is not None:
            event.input.value = self._cut
        self.query_one(".wrong", Static).update("" if fits else TOO_LONG)

    @on(Input.Submitted)
    def _save(self, event: Input.Submitted) -> None:
        self.dismiss(clean_name(event.value))


def practice_level(answer: str | None) -> Level | None:
    """The level that `levels` was answered with."""
    match answer:
        case "easy" | "medium" | "perfect":
            return answer
        case _:
            return None
