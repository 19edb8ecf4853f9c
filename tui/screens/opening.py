"""A screen that asks the server for a game, one request at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual import work
from textual.reactive import reactive
from textual.widgets import Static

from shared.errors import Refusal
from tui.client.errors import Unreachable
from tui.client.state import Table
from tui.screens.base import PlainScreen
from tui.screens.intents import OpenTable
from tui.words.lobby import waited_text
from tui.words.phrases import sentence_of
from tui.words.waiting import Sought


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request for a game; ``busy`` is the sentence while its answer is waited for.

    ``typed`` is the code that the player typed for it, if that is how it came about.
    """

    busy: str
    request: Callable[[], Awaitable[Table]]
    typed: str = ""
    sought: Sought = ""
    """Whom a new game waits for."""


class OpeningScreen(PlainScreen):
    """Says on one line what the player waits for, or why the last request came to nothing."""

    notice: reactive[str] = reactive("", repaint=False)
    busy: reactive[str] = reactive("", repaint=False)
    """What the player asked for and waits for; empty when nothing is under way."""

    def compose_notice(self) -> Static:
        """The line that says what is waited for."""
        return Static("", id="notice", markup=False)

    def say(self, sentence: str) -> None:
        self.notice = sentence

    def show_state(self) -> None:
        told = waited_text(self.busy, self.state) if self.busy else self.notice
        self.write("#notice", self.remarked or told or self.state.failure or "")

    def watch_notice(self) -> None:
        self.forget_remark()

    def watch_busy(self) -> None:
        self.forget_remark()
        self.refresh_bindings()

    def on_screen_suspend(self) -> None:
        self.notice = ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            return bool(self.busy)
        return super().check_action(action, parameters)

    def action_cancel(self) -> None:
        """Stops asking for a game."""
        self.workers.cancel_group(self, "open")
        self.workers.cancel_group(self.app, "practice")
        self.busy = ""

    def open(self, attempt: Attempt) -> None:
        """Asks for a game, unless another is asked for already: there would be two."""
        if not self.busy:
            self.wait_for(attempt.busy)
            self._opening(attempt)

    def wait_for(self, busy: str) -> None:
        self.busy, self.notice = busy, ""

    def ask_code_again(self, typed: str, wrong: str) -> None:
        """Asks the player to mend a code that the server refused."""

    @work(group="open")
    async def _opening(self, attempt: Attempt) -> None:
        try:
            table = await attempt.request()
        except (Refusal, Unreachable) as failure:
            self.busy = ""
            if attempt.typed and self.is_active and isinstance(failure, Refusal):
                self.ask_code_again(attempt.typed, failure.message)
            else:
                self.notice = sentence_of(failure)
        else:
            # Busy until the table is in front.
            self.post_message(OpenTable(self.session, table.id, self, attempt.sought))
