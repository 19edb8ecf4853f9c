"""A key and what it does, as the key bar and the help tell it."""

from dataclasses import dataclass


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


def help_line(hint: Hint) -> str:
    """A key and what it does, in two columns."""
    return f"{hint.key:<12} {hint.label}"
