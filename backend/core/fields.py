"""What is stored of a game, value by value.

The stores derive the columns of a row and the attributes of an item from this list, so that a new
field of `Game` or `Seat` is stored without another line of code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, ClassVar, Final, get_origin, get_type_hints

from msgspec import Struct, convert, to_builtins

from backend.core.game import Game, Seat

FieldPath = tuple[str, ...]
"""Where a value is found: ``("moves",)``, ``("x", "token")``, ``("series", "drawn")``."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a game that is neither a seat nor a series, but may be one of theirs."""

    path: FieldPath
    hint: Any
    """Its type, as it is annotated."""


def plain(value: Any) -> Any:
    """A value as text, number, truth value, list or dictionary; a set is a list in order."""
    return to_builtins(value, order="deterministic")


def values_of(whole: Game | Seat) -> dict[FieldPath, Any]:
    """Every value by its path, as text, number, truth value, list or dictionary."""
    return dict(_flat(plain(whole), _parts(type(whole)), ()))


def game_of(values: Mapping[FieldPath, Any]) -> Game:
    """The game with these values; a field that is not among them has its default.

    Raises:
        msgspec.ValidationError: a value is of another type than its field.
    """
    nested: dict[str, Any] = {}
    for path, value in values.items():
        within = nested
        for name in path[:-1]:
            within = within.setdefault(name, {})
        within[path[-1]] = value
    return convert(nested, Game)


def _fields_of(whole: type, path: FieldPath = ()) -> Iterator[Field]:
    for name, hint in get_type_hints(whole).items():
        if get_origin(hint) is ClassVar:
            continue
        if _is_whole(hint):
            yield from _fields_of(hint, (*path, name))
        else:
            yield Field((*path, name), hint)


def _is_whole(hint: Any) -> bool:
    """Whether a type has fields of its own."""
    return isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, Struct))


def _parts(whole: type) -> frozenset[str]:
    return _PARTS if whole is Game else frozenset()


def _flat(
    built: Mapping[str, Any], parts: frozenset[str], path: FieldPath
) -> Iterator[tuple[FieldPath, Any]]:
    for name, value in built.items():
        if name in parts:
            yield from _flat(value, frozenset(), (name,))
        else:
            yield (*path, name), value


FIELDS: Final = tuple(_fields_of(Game))
_PARTS: Final = frozenset(field.path[0] for field in FIELDS if len(field.path) > 1)
