"""The digit that plays each cell, as on a telephone or on a number pad. Pure."""

from typing import Final

_NUMPAD: Final = (7, 8, 9, 4, 5, 6, 1, 2, 3)


def digit_of(cell: int, *, numpad: bool) -> int:
    """The key of a cell: 1 is the top left one, or 7 as on a number pad."""
    return _NUMPAD[cell] if numpad else cell + 1


def cell_of_digit(digit: int, *, numpad: bool) -> int:
    return _NUMPAD.index(digit) if numpad else digit - 1
