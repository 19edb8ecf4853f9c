"""DynamoDB's expressions, put together from named clauses.

A clause is written once all placeholders of its request are known; so clauses can be combined
freely and each attribute and value has one placeholder of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.aws.attributes import Attribute, Value, attribute


class Placeholders:
    """The attributes and values that the expressions of one request speak of."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Attribute] = {}

    def path(self, path: str) -> str:
        """The placeholder of an attribute, or of ``Map/key`` for a key in a map."""
        return ".".join(self._name(name) for name in path.split("/", 1))

    def value(self, value: Value) -> str:
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = attribute(value)
        return placeholder

    def request(self) -> dict[str, Any]:
        """The request's two parameters; one that would be empty must be left out."""
        request: dict[str, Any] = {"ExpressionAttributeNames": self._names}
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        return request

    def _name(self, name: str) -> str:
        # The keys of maps are connection ids, which have characters that no placeholder can have.
        placeholder = f"#{name}" if name.isidentifier() else "#key"
        self._names[placeholder] = name
        return placeholder


Clause = Callable[[Placeholders], str]


def present(path: str) -> Clause:
    return lambda known: f"attribute_exists({known.path(path)})"


def absent(path: str) -> Clause:
    return lambda known: f"attribute_not_exists({known.path(path)})"


def equal(path: str, value: Value) -> Clause:
    return lambda known: f"{known.path(path)} = {known.value(value)}"


def different(path: str, value: Value) -> Clause:
    """Another value or none at all."""
    return any_of(absent(path), lambda known: f"{known.path(path)} <> {known.value(value)}")


def at_most(path: str, value: int) -> Clause:
    return lambda known: f"{known.path(path)} <= {known.value(value)}"


def more_than(path: str, value: int) -> Clause:
    return lambda known: f"{known.path(path)} > {known.value(value)}"


def between(path: str, least: Value, most: Value) -> Clause:
    return lambda known: f"{known.path(path)} BETWEEN {known.value(least)} AND {known.value(most)}"


def fewer_than(path: str, count: int) -> Clause:
    """A set of less than ``count`` members."""
    return lambda known: f"size({known.path(path)}) < {known.value(count)}"


def contains(path: str, member: str) -> Clause:
    return lambda known: f"contains({known.path(path)}, {known.value(member)})"


def any_of(*clauses: Clause) -> Clause:
    return lambda known: f"({' OR '.join(clause(known) for clause in clauses)})"


def all_of(*clauses: Clause) -> Clause:
    return lambda known: " AND ".join(clause(known) for clause in clauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What happens to attributes.

    ``put`` and ``remove`` them, ``add`` to a number or a set, ``take`` members out of a set.
    ``copy`` is what others were before the update, by the name of the copy: ``""`` when absent.
    """

    put: Mapping[str, Value] = field(default_factory=dict)
    copy: Mapping[str, str] = field(default_factory=dict)
    remove: Sequence[str] = ()
    add: Mapping[str, Value] = field(default_factory=dict)
    take: Mapping[str, Value] = field(default_factory=dict)

    def __call__(self, known: Placeholders) -> str:
        parts = (
            ("SET", [*_assignments(self.put, known), *_copies(self.copy, known)]),
            ("REMOVE", [known.path(path) for path in self.remove]),
            ("ADD", _pairs(self.add.items(), known)),
            ("DELETE", _pairs(self.take.items(), known)),
        )
        return " ".join(f"{verb} {', '.join(actions)}" for verb, actions in parts if actions)


def _assignments(values: Mapping[str, Value], known: Placeholders) -> list[str]:
    return [f"{known.path(path)} = {known.value(value)}" for path, value in values.items()]


def _copies(sources: Mapping[str, str], known: Placeholders) -> list[str]:
    return [
        f"{known.path(path)} = if_not_exists({known.path(source)}, {known.value('')})"
        for path, source in sources.items()
    ]


def _pairs(values: Iterable[tuple[str, Value]], known: Placeholders) -> list[str]:
    return [f"{known.path(path)} {known.value(value)}" for path, value in values]
