"""A game of which no field has its default, made from the fields that there are."""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from backend.core.fields import FIELDS, Field, FieldPath, game_of, values_of
from backend.core.game import Game
from shared.board import Mark

EXPIRES = 1_700_003_600
CHOSEN: dict[FieldPath, Any] = {
    ("id",): "K7QF2M",
    ("expires",): EXPIRES,
    ("moves",): "03142",
    ("status",): "won",
    ("x", "token"): "a" * 64,
    ("o", "token"): "b" * 64,
}
"""What cannot be any value of its type."""


def full_game() -> Game:
    """A game that loses a value with each field that a store does not keep."""
    return game_of({field.path: _value(place, field) for place, field in enumerate(FIELDS)})


def defaults() -> list[FieldPath]:
    """The fields of the full game that have their default, and so prove nothing."""
    values = values_of(full_game())
    blank = values_of(Game(id="", expires=0))
    return [path for path, value in values.items() if value == blank[path]]


def _value(place: int, field: Field) -> Any:
    if field.path in CHOSEN:
        return CHOSEN[field.path]
    hint = field.hint
    if get_origin(hint) in {Union, UnionType}:
        [hint] = [each for each in get_args(hint) if each is not NoneType]
    if get_origin(hint) is Literal:
        return get_args(hint)[-1]
    samples: dict[Any, Any] = {
        str: "".join(field.path),
        int: 1_700_000_000_000 + place,
        bool: True,
        Mark: Mark.O.value,
        frozenset[str]: ["eve=", "mallory="],
        Mapping[str, int]: {"ada=": 1_700_000_000_000},
    }
    return samples[hint]
