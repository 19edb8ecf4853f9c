"""What is asked of the terminal and of the environment before the app is loaded.

The app and the doctor ask here, so that both say the same.
"""

import os
import sys
from collections.abc import Mapping
from typing import Final

TAB_DRIVER: Final = "tui.web.driver:TabDriver"
"""What Textual is told in a browser's tab; any other driver is somebody else's."""

_UNKNOWN: Final = frozenset({"", "unknown"})
_COLOUR_SYSTEMS: Final = frozenset({"auto", "standard", "256", "truecolor", "windows"})


def real_size() -> os.terminal_size | None:
    """The size that a terminal itself tells; None where none is attached, or it does not know."""
    for stream in (sys.__stderr__, sys.__stdout__, sys.__stdin__):
        try:
            size = os.get_terminal_size(stream.fileno()) if stream else None
        except (OSError, ValueError):
            continue
        if size and size.columns and size.lines:
            return size
    return None


def no_colour(environment: Mapping[str, str]) -> bool:
    """Whether colours are not wanted: NO_COLOR counts when it is set and not empty."""
    return bool(environment.get("NO_COLOR"))


def is_unknown(environment: Mapping[str, str]) -> bool:
    """Whether nothing is known of the terminal, and so no more than 16 colours."""
    return environment.get("TERM", "").lower() in _UNKNOWN


def in_browser() -> bool:
    """Whether the app is drawn in a tab, behind pipes."""
    return os.environ.get("TEXTUAL_DRIVER") == TAB_DRIVER


def prepare() -> None:
    """Lets the real terminal win over what the environment says of it.

    The libraries that draw read COLUMNS and LINES first, and draw an unknown terminal 16 million
    colours.
    """
    # Textual's own log: where it cannot be written the app would end, and nobody here reads it.
    os.environ.pop("TEXTUAL_LOG", None)
    if os.environ.get("TEXTUAL_COLOR_SYSTEM") not in _COLOUR_SYSTEMS:
        os.environ.pop("TEXTUAL_COLOR_SYSTEM", None)
    if in_browser():
        return  # whose size does stand in the environment
    os.environ.pop("TEXTUAL_DRIVER", None)
    if real_size() is not None:
        os.environ.pop("COLUMNS", None)
        os.environ.pop("LINES", None)
    if is_unknown(os.environ):
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "standard")
