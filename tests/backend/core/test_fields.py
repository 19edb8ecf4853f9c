"""What is stored of a game, value by value."""

from dataclasses import fields

import pytest
from msgspec import ValidationError

from backend.core.fields import FIELDS, game_of, plain, values_of
from backend.core.game import Game, Seat
from shared.board import Mark
from shared.messages import Series
from tests.backend.full_game import defaults, full_game

PARTS = {"x", "o", "series"}


def test_every_value_has_its_path() -> None:
    """Seats and series are stored value by value, and all else as it is."""
    paths = [field.path for field in FIELDS]
    whole = [(each.name,) for each in fields(Game) if each.name not in PARTS]
    seats = [(mark.value, each.name) for mark in Mark for each in fields(Seat)]
    series = [("series", name) for name in Series.__struct_fields__]
    assert sorted(paths) == sorted([*whole, *seats, *series])
    assert values_of(full_game()).keys() == set(paths)
    assert values_of(Seat()).keys() == {(each.name,) for each in fields(Seat)}


def test_a_game_is_its_values() -> None:
    """A game is made of its values again; what is missing has its default."""
    assert defaults() == []
    assert game_of(values_of(full_game())) == full_game()
    assert game_of({("id",): "K7QF2M", ("expires",): 5}) == Game(id="K7QF2M", expires=5)


def test_a_set_is_stored_in_order() -> None:
    """Two equal games are stored alike."""
    assert plain(frozenset({"c", "a", "b"})) == ["a", "b", "c"]
    assert plain(Mark.X) == "x"


def test_a_value_of_another_type_is_no_game() -> None:
    """What was stored by something else is not taken for a game."""
    with pytest.raises(ValidationError):
        game_of({("id",): "K7QF2M", ("expires",): "5"})
