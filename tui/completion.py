"""What a shell completes besides the words of the command line: folders, files and themes."""

import argparse
from collections.abc import Iterator

import shtab
from textual.theme import BUILTIN_THEMES

from tui.options import OWN_THEMES


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """The completion of a shell, as text for its start-up file."""
    for action in _actions(parser):
        if action.metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined] # what shtab looks for
        elif action.metavar in {"FILE", "PATH"}:
            action.complete = shtab.FILE  # type: ignore[attr-defined] # as above
        elif action.dest == "theme":
            action.choices = [*OWN_THEMES, *BUILTIN_THEMES]
    text: str = shtab.complete(parser, shell)
    return text


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every option and argument of the command line and of its commands."""
    for action in parser._actions:  # noqa: SLF001 (argparse has no other way to them)
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 (as above)
            for each in action.choices.values():
                yield from _actions(each)
