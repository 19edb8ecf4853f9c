"""A key and what it does, as the key bar and the help tell it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Hint:
    """A key and what it does; ``binding`` is its key in the screen's active bindings.

    An action that is ``final`` cannot be undone: the help names it, and only its own key does it.
    """

    binding: str
    key: str
    label: str
    final: bool = False

    @property
    def width(self) -> int:
        return len(self.key) + 1 + len(self.label)


_GROUPS: Final = {
    "Talking": frozenset({"Say", "Share", "Copy", "Copy the command", "Name"}),
    "Leaving": frozenset({"Back", "Cancel", "Give up", "Quit", "Suspend"}),
    "Also": frozenset({"All actions", "Help", "Theme", "Try again"}),
}
_FIRST: Final = "Playing"


def grouped(hints: Iterable[Hint]) -> list[tuple[str, list[Hint]]]:
    """The keys by what they are for, in the order of the groups; empty groups are left out."""
    found: dict[str, list[Hint]] = {_FIRST: [], **{group: [] for group in _GROUPS}}
    for hint in hints:
        groups = (group for group, labels in _GROUPS.items() if hint.label in labels)
        found[next(groups, _FIRST)].append(hint)
    return [(group, members) for group, members in found.items() if members]


def help_line(hint: Hint) -> str:
    """A key and what it does, in two columns."""
    return f"{hint.key:<12} {hint.label}"
