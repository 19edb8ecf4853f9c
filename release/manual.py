"""Writes the manual page out of the argument parser: `make man`; the tests compare it."""

import os
from pathlib import Path

from argparse_manpage.manpage import Manpage

from tui.arguments import parser

PAGE = Path(__file__).with_name("noughts-tui.1")


def text() -> str:
    """The page in the language of man."""
    os.environ["COLUMNS"] = "80"  # else the page would be as wide as the terminal
    command = parser()
    page = Manpage(command)
    # The day of the build would make two builds of one commit differ.
    page.date, page.manual = "", "User Commands"
    name = f".SH NAME\n{_dashed(command.prog)}"
    # What `whatis` shows, which the library leaves out.
    return str(page).replace(name, f"{name} \\- {command.description}", 1)


def _dashed(text: str) -> str:
    return text.replace("-", "\\-")


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
