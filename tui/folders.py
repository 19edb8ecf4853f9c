"""Where this player's files live: one folder for settings, one for state.

``NOUGHTS_TUI_HOME`` puts both into one folder of its own, for a second player or a test.
"""

import os
from pathlib import Path

from platformdirs import user_config_path, user_state_path

_APP = "noughts-tui"


def config_folder() -> Path:
    home = os.environ.get("NOUGHTS_TUI_HOME")
    return Path(home).expanduser() / "config" if home else user_config_path(_APP, appauthor=False)


def state_folder() -> Path:
    home = os.environ.get("NOUGHTS_TUI_HOME")
    return Path(home).expanduser() / "state" if home else user_state_path(_APP, appauthor=False)
