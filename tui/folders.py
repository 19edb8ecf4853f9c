"""Where this player's files live: one folder for settings, one for state.

``NOUGHTS_TUI_HOME`` puts both into one folder of its own, for a second player or a test.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_config_path, user_state_path

from shared.constants import PROGRAM


class NoFolder(Exception):
    """There is nowhere to keep files; the message says what to do."""


def config_folder() -> Path:
    """Where the settings live.

    Raises:
        NoFolder: no place is known.
    """
    home = _home()
    return home / "config" if home else _own(user_config_path)


def state_folder() -> Path:
    """Where seats, record and games live.

    Raises:
        NoFolder: no place is known.
    """
    home = _home()
    return home / "state" if home else _own(user_state_path)


def _home() -> Path | None:
    home = os.environ.get("NOUGHTS_TUI_HOME")
    if not home:
        return None
    try:
        # The gateway is started elsewhere, where a relative path would lead to another folder.
        return Path(home).expanduser().absolute()
    except (RuntimeError, OSError):
        raise NoFolder(f"NOUGHTS_TUI_HOME is {home!r}, which is no folder here.") from None


def _own(path: Callable[..., Path]) -> Path:
    with contextlib.suppress(RuntimeError):
        folder = path(PROGRAM, appauthor=False)
        # Older libraries make a folder called ~ where a user without a home stands.
        if folder.is_absolute():
            return folder
    raise NoFolder("No home folder is known: set HOME, or NOUGHTS_TUI_HOME to a folder for files.")
