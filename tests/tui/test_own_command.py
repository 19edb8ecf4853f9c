"""How this program is called where it stands."""

import os
import sys
from pathlib import Path

import pytest

from tui.own_command import program


def test_the_program_is_called_as_it_can_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no shell finds the program by its name, its path from here is shown."""
    here = tmp_path / "here"
    there = here / ".venv" / "bin" / "noughts-tui"
    there.parent.mkdir(parents=True)
    there.write_text("")
    there.chmod(0o755)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(there)])
    assert program() == (str(Path(".venv", "bin", "noughts-tui")),)
    monkeypatch.chdir(there.parent)
    assert program() == (os.path.join(".", "noughts-tui"),)  # noqa: PTH118 (pathlib drops the dot)
    monkeypatch.setattr(sys, "argv", [str(here / "tui" / "__main__.py")])
    assert program()[1:] == ("-m", "tui")
    monkeypatch.setenv("PATH", str(there.parent))
    assert program() == ("noughts-tui",)
