"""DynamoDB's attribute values: which Python value is which type."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

Value = str | int | bytes | bool | AbstractSet[str] | Mapping[str, int]
Attribute = dict[str, Any]
Item = dict[str, Attribute]


def attribute(value: Value) -> Attribute:
    """The attribute value of a Python value."""
    match value:
        case str():
            return {"S": str(value)}
        case bytes():
            return {"B": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case Mapping():
            return {"M": {name: attribute(inner) for name, inner in value.items()}}
        case _:
            return {"SS": sorted(value)}


def value_of(stored: Attribute) -> Any:
    """The Python value of an attribute value that `attribute` made."""
    [(kind, content)] = stored.items()
    match kind:
        case "N":
            return int(content)
        case "M":
            return {name: value_of(inner) for name, inner in content.items()}
        case "SS":
            return frozenset(content)
        case _:
            return content
