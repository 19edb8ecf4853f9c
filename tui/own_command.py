"""What a player of this machine types to start this program."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from shared.constants import PROGRAM


def program() -> tuple[str, ...]:
    """The words of the command: its name where a shell finds it, else the way to it from here."""
    if shutil.which(PROGRAM):
        return (PROGRAM,)
    if Path(sys.argv[0]).name == "__main__.py":
        return _near(sys.executable), "-m", "tui"
    return (_near(sys.argv[0]),)


def _near(path: str) -> str:
    """The shorter of a path and that from the folder we are in."""
    with suppress(ValueError):  # on another drive
        here = os.path.relpath(path)
        here = here if os.sep in here else os.path.join(os.curdir, here)  # noqa: PTH118 (pathlib drops the dot)
        return min(os.path.abspath(path), here, key=len)  # noqa: PTH100 (no link is followed)
    return path
