"""What a player of this machine types to start this program."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from shared.constants import PROGRAM

LAUNCHER: Final = Path(__file__).absolute().parents[1] / "noughts_tui.py"


def python_command(*words: str) -> list[str]:
    """How a part of this program is run as a process of its own.

    By the launcher's path: neither a folder that we stand in nor one on PYTHONPATH, where there may
    be other packages of our names, decides what is run.
    """
    return [sys.executable, "-P", str(LAUNCHER), *words]


def program() -> tuple[str, ...]:
    """The words of the command: its name where a shell finds it, else the way to it from here."""
    if shutil.which(PROGRAM):
        return (PROGRAM,)
    if Path(sys.argv[0]).name == "__main__.py":
        return _near(sys.executable), "-m", "tui"
    if Path(sys.argv[0]).name == LAUNCHER.name:
        return _near(sys.executable), _near(sys.argv[0])
    return (_near(sys.argv[0]),)


def _near(path: str) -> str:
    """The shorter of a path and that from the folder we are in."""
    with suppress(ValueError, OSError):  # on another drive, or where we stand is gone
        here = os.path.relpath(path)
        here = here if os.sep in here else os.path.join(os.curdir, here)  # noqa: PTH118 (pathlib drops the dot)
        return min(os.path.abspath(path), here, key=len)  # noqa: PTH100 (no link is followed)
    return path
