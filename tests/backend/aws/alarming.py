"""Which of the synthesised stack's alarms go off, given what was counted in five minutes."""

import ast
from collections.abc import Mapping
from typing import Any

from tests.backend.infra.synthesis import synthesise

Measured = Mapping[str, float]
"""Sums by the name of the metric; what is not there was never reported."""


def raised(measured: Measured) -> list[str]:
    """The alarms that go off, by their construct's name, in the template's order."""
    alarms = synthesise().resources("AWS::CloudWatch::Alarm")
    return [
        name.removeprefix("Alarms")[:-8]
        for name, alarm in alarms.items()
        if (value := _value(alarm, measured)) is not None and value >= alarm["Threshold"]
    ]


def _value(alarm: dict[str, Any], measured: Measured) -> float | None:
    if "MetricName" in alarm:
        return measured.get(alarm["MetricName"])
    [computed] = [one for one in alarm["Metrics"] if "Expression" in one]
    parts = {
        one["Id"]: measured.get(one["MetricStat"]["Metric"]["MetricName"])
        for one in alarm["Metrics"]
        if one is not computed
    }
    value: float | None = _compute(ast.parse(computed["Expression"], mode="eval").body, parts)
    return value


def _compute(node: ast.expr, parts: Mapping[str, float | None]) -> Any:
    """CloudWatch's metric math, as far as it is used."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return parts[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[part, instead]):
            value = _compute(part, parts)
            return _compute(instead, parts) if value is None else value
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return _compute(then if _compute(condition, parts) else otherwise, parts)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _compute(left, parts) - _compute(right, parts)
        case ast.Compare(left=left, ops=[ast.Lt()], comparators=[right]):
            return _compute(left, parts) < _compute(right, parts)
        case _:
            raise AssertionError(ast.dump(node))
