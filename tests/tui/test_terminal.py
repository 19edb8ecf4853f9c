"""What is asked of the terminal before anything is drawn."""

import os
from typing import Any

import pytest

from tui import terminal

ENVIRONMENT = ("COLUMNS", "LINES", "TERM", "TEXTUAL_DRIVER", "TEXTUAL_COLOR_SYSTEM")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "kept until the end of the test")
        monkeypatch.delenv(name)
    return monkeypatch


def attached(monkeypatch: pytest.MonkeyPatch, *sizes: tuple[int, int] | None) -> None:
    """Each stream's terminal says this size, or is none."""
    answers = list(sizes)

    def ask(_descriptor: int) -> os.terminal_size:
        if (size := answers.pop(0) if answers else None) is None:
            raise OSError
        return os.terminal_size(size)

    monkeypatch.setattr(os, "get_terminal_size", ask)


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ([(120, 40)], (120, 40)),
        ([None, (100, 30)], (100, 30)),
        ([(0, 0), None, (90, 20)], (90, 20)),
        ([(0, 0), (0, 0), (0, 0)], None),
        ([], None),
    ],
)
def test_the_real_size(
    environment: pytest.MonkeyPatch, sizes: list[Any], found: tuple[int, int] | None
) -> None:
    """The size is that of the first stream whose terminal knows it."""
    attached(environment, *sizes)
    assert terminal.real_size() == found


@pytest.mark.parametrize(("size", "wins"), [((120, 40), True), (None, False), ((0, 0), False)])
def test_the_real_terminal_wins(
    environment: pytest.MonkeyPatch, size: tuple[int, int] | None, wins: bool
) -> None:
    """COLUMNS and LINES count only where no terminal knows its size."""
    environment.setenv("COLUMNS", "80")
    environment.setenv("LINES", "24")
    attached(environment, size)
    terminal.prepare()
    assert ("COLUMNS" in os.environ, "LINES" in os.environ) == (not wins, not wins)


def test_a_tab_has_the_size_that_it_is_told(environment: pytest.MonkeyPatch) -> None:
    """In a browser the size stands in the environment, and stays there."""
    environment.setenv("TEXTUAL_DRIVER", terminal.TAB_DRIVER)
    environment.setenv("COLUMNS", "80")
    attached(environment, (120, 40))
    terminal.prepare()
    assert os.environ["COLUMNS"] == "80"


@pytest.mark.parametrize(
    ("term", "asked", "colours"),
    [
        ("unknown", None, "standard"),
        ("", None, "standard"),
        ("xterm", None, None),
        ("unknown", "truecolor", "truecolor"),
    ],
)
def test_an_unknown_terminal(
    environment: pytest.MonkeyPatch, term: str, asked: str | None, colours: str | None
) -> None:
    """A terminal of which nothing is known gets no more than 16 colours, unless they are asked."""
    environment.setenv("TERM", term)
    if asked:
        environment.setenv("TEXTUAL_COLOR_SYSTEM", asked)
    terminal.prepare()
    assert os.environ.get("TEXTUAL_COLOR_SYSTEM") == colours


def test_variables_of_the_library_that_mean_nothing(environment: pytest.MonkeyPatch) -> None:
    """What would stop the library that draws is not passed on."""
    environment.setenv("TEXTUAL_DRIVER", "nonsense")
    environment.setenv("TEXTUAL_COLOR_SYSTEM", "bogus")
    environment.setenv("TEXTUAL_LOG", "/nonexistent/folder/log")
    environment.setenv("TERM", "xterm")
    attached(environment)
    terminal.prepare()
    assert "TEXTUAL_DRIVER" not in os.environ
    assert "TEXTUAL_COLOR_SYSTEM" not in os.environ
    assert "TEXTUAL_LOG" not in os.environ
