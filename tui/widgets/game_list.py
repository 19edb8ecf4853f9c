"""The lobby's list of other people's games, to join or to watch."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from shared.messages import Listing, LobbyKind
from tui.client.state import ClientState, ConnectionStatus
from tui.words.lobby import LIST_TITLES, empty_text, listing_text


class GameList(OptionList):
    """The open games, then the live ones; the id of an option is ``KIND-CODE``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.enter('open')", "Join"),
        Binding("enter", "screen.enter('live')", "Watch"),
        Binding("tab", "app.focus_next", "Menu", key_display="tab"),
    ]

    ascii: reactive[bool] = reactive(default=False)
    answered: reactive[bool] = reactive(default=False)
    """Whether the server has ever said which games there are."""

    @property
    def marked_kind(self) -> str:
        """The kind of the game that is marked; empty when none is."""
        marked = self.highlighted_option
        return (marked.id or "").partition("-")[0] if marked else ""

    @property
    def marked_code(self) -> str:
        """The code of the game that is marked; empty when none is."""
        marked = self.highlighted_option
        return (marked.id or "").partition("-")[2] if marked else ""

    def on_focus(self) -> None:
        self._mark_first()

    def show_games(self, state: ClientState, now_ms: int) -> None:
        """Draws the lists of a state anew where they differ; the marked game stays marked."""
        lines = self._sections(state, now_ms)
        if _texts(self.options) == _texts(lines):
            return
        kept = self.highlighted_option.id if self.highlighted_option else None
        none_yet = all(option.disabled for option in self.options)
        self.set_options(lines)
        places = [place for place, line in enumerate(lines) if line.id == kept and kept]
        self.highlighted = places[0] if places else None
        if none_yet and self.has_focus:
            self._mark_first()
        self.screen.refresh_bindings()

    def _mark_first(self) -> None:
        if self.highlighted is None:
            self.action_first()

    def _sections(self, state: ClientState, now_ms: int) -> list[Option]:
        now = state.server_now(now_ms)
        online = state.connection is ConnectionStatus.ONLINE
        return [
            *self._section("open", state.open_games, now, online=online),
            *self._section("live", state.live_games, now, online=online),
        ]

    def _section(
        self, kind: LobbyKind, games: tuple[Listing, ...], now: int, *, online: bool
    ) -> list[Option]:
        width = max(20, self.scrollable_content_region.width - 2)
        title = Option(Content.styled(LIST_TITLES[kind], "bold $foreground"), disabled=True)
        if not games:
            text = empty_text(kind, online=online, known=self.answered)
            return [title, Option(Content(f"  {text}"), disabled=True)]
        texts = [listing_text(game, now, width - 2, ascii_only=self.ascii) for game in games]
        lines = [
            Option(Content(f"  {text}"), id=f"{kind}-{game.id}")
            for text, game in zip(texts, games, strict=True)
        ]
        return [title, *lines]


def _texts(options: Iterable[Option]) -> list[tuple[str | None, str]]:
    return [(option.id, str(option.prompt)) for option in options]
