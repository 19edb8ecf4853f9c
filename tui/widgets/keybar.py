"""The keys that are legal now, as many as fit; each can be clicked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.reactive import reactive
from textual.screen import Screen

from tui.widgets.sparing import SparingWidget
from tui.words.hints import Hint

_GAP = 2
_KEPT = frozenset({"escape", "question_mark"})
# Known to everybody, and so told last.
_TEXTUALS = frozenset({"", "Focus Next", "Focus Previous", "Copy selected text"})
_FINAL = frozenset({"choose", "play", "claim", "rematch"})
"""The actions at a table that nobody can take back."""
_STEERING = frozenset({"Up", "Down", "Left", "Right", "First", "Last"})


@dataclass(frozen=True, slots=True)
class Placed:
    """A hint and its first column."""

    hint: Hint
    x: int

    def covers(self, x: int) -> bool:
        return self.x <= x < self.x + self.hint.width


def placed(hints: Sequence[Hint], width: int) -> tuple[Placed, ...]:
    """Where each hint stands: back and help at the right, the others at the left.

    What has no room stands in the help only.
    """
    shown: list[Placed] = []
    room = width - 1
    for hint in reversed(hints):
        if hint.binding in _KEPT:
            room -= hint.width
            shown.append(Placed(hint, max(0, room)))
            room -= _GAP
    x = 1
    for hint in hints:
        if hint.binding not in _KEPT and x + hint.width <= room:
            shown.append(Placed(hint, x))
            x += hint.width + _GAP
    return tuple(sorted(shown, key=lambda each: each.x))


class KeyBar(SparingWidget):
    """The last line of every screen."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; background: $panel; color: $foreground 80%; }
    KeyBar > .keybar--key { color: $text-accent; text-style: bold; }
    KeyBar > .keybar--hover { background: $foreground 15%; }
    """
    COMPONENT_CLASSES = {"keybar--key", "keybar--hover"}  # noqa: RUF012 (as Textual types it)

    hints: reactive[tuple[Hint, ...]] = reactive((), repaint=False)
    pointed: reactive[str | None] = reactive(None, repaint=False)

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._collect)
        self._collect(self.screen)

    def render(self) -> Content:
        line = Content("")
        for each in self._placed():
            line += Content(" " * (each.x - line.cell_length)) + self._drawn(each.hint)
        return line

    def watch_hints(self) -> None:
        self.redraw()

    def watch_pointed(self) -> None:
        self.redraw()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        found = self._at(event.x)
        self.pointed = found.binding if found else None

    def on_leave(self) -> None:
        self.pointed = None

    async def on_click(self, event: events.Click) -> None:
        event.stop()
        if event.button == 1 and (found := self._at(event.x)) is not None:
            await run_binding(self.screen, found.binding)

    def _collect(self, screen: Screen[Any]) -> None:
        if screen is self.screen:
            self.hints = hints_of(screen)

    def _placed(self) -> tuple[Placed, ...]:
        return placed(self.hints, self.size.width)

    def _at(self, x: int) -> Hint | None:
        return next((each.hint for each in self._placed() if each.covers(x)), None)

    def _drawn(self, hint: Hint) -> Content:
        key = Content.styled(hint.key, self.get_visual_style("keybar--key", partial=True))
        drawn = key + Content(f" {hint.label}")
        if hint.binding == self.pointed:
            return drawn.stylize_before(self.get_visual_style("keybar--hover", partial=True))
        return drawn


def hints_of(screen: Screen[Any], *, hidden: bool = False) -> tuple[Hint, ...]:
    """What can be done on a screen now; with ``hidden`` also what the bar never shows."""
    found: dict[str, Hint] = {}
    for key, (node, binding, enabled, _) in screen.active_bindings.items():
        ours = hidden and _is_own(node, binding)
        if enabled and binding.description not in _TEXTUALS and (binding.show or ours):
            display = screen.app.get_key_display(binding)
            final = binding.action.partition("(")[0] in _FINAL
            hint = Hint(key, display, binding.description, final)
            found.setdefault(binding.description, hint)
    return tuple(sorted(found.values(), key=lambda hint: hint.label in _STEERING))


def _is_own(node: DOMNode, binding: Binding) -> bool:
    """Whether a key is bound by a class of this program, and not by the Textual class below it."""
    own = (each.description for each in type(node).BINDINGS if isinstance(each, Binding))
    return type(node).__module__.startswith("tui.") and binding.description in own


async def run_binding(screen: Screen[Any], key: str) -> None:
    """Does what a key does, if it is still legal."""
    active = screen.active_bindings.get(key)
    if active is not None and active.enabled:
        await screen.app.run_action(active.binding.action, default_namespace=active.node)
