"""Where this player's files live: one folder for settings, one for state.

``NOUGHTS_TUI_HOME`` puts both into one folder of its own, for a second player or a test.
"""

import os
from pathlib import Path

from platformdirs import user_config_path, user_state_path

from shared.constants import PROGRAM


def config_folder() -> Path:
    home = _home()
    return home / "config" if home else user_config_path(PROGRAM, appauthor=False)


def state_folder() -> Path:
    home = _home()
    return home / "state" if home else user_state_path(PROGRAM, appauthor=False)


def _home() -> Path | None:
    home = os.environ.get("NOUGHTS_TUI_HOME")
    # The gateway is started elsewhere, where a relative path would lead to another folder.
    return Path(home).expanduser().absolute() if home else None
