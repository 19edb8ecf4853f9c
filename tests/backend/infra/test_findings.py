"""The stack, as rule packs and the linter see it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from constructs import IConstruct

# The stack comes first: it says which Node aws_cdk starts.
from backend.infra.app import build  # isort: skip
from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from cfnlint.api import lint  # type: ignore[import-untyped] # it has no types

from backend.infra import findings
from tests.backend.infra.synthesis import context, synthesise

ALL_OPTIONS: dict[str, Any] = {
    "access_logs": True,
    "budget": 20,
    "certificate": "arn:aws:acm:eu-west-1:123456789012:certificate/abc",
    "concurrency": 100,
    "domain": "play.example.org",
    "email": "me@example.org",
    "encrypted_alarms": True,
    "probe": True,
    "python": "3.14",
}


def found(folder: Path, settings: dict[str, Any]) -> set[str]:
    """The rules that find something in the stack."""
    app = App(context=context() | settings, outdir=str(folder))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    build(app)
    # Findings are raised once the report is written.
    with suppress(RuntimeError):
        app.synth()
    reports = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    return {finding["ruleName"] for report in reports for finding in report["violations"]}


@pytest.mark.parametrize("settings", [{}, ALL_OPTIONS], ids=["default", "all options"])
def test_what_the_rule_packs_find_is_meant_to_be(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each finding is acknowledged where it is, with a reason; nothing else is acknowledged."""
    assert found(tmp_path / "acknowledged", settings) == set()
    acknowledged: dict[str, str] = {}

    class Unheard:
        @classmethod
        def of(cls, _construct: IConstruct) -> type["Unheard"]:
            return cls

        @staticmethod
        def acknowledge(finding: Acknowledgment) -> None:
            acknowledged[finding.id] = finding.reason

    monkeypatch.setattr(findings, "Validations", Unheard)
    assert found(tmp_path / "unheard", settings) == acknowledged.keys()
    assert all(len(reason.split()) > 5 for reason in acknowledged.values())


@pytest.mark.parametrize("settings", [{}, ALL_OPTIONS], ids=["default", "all options"])
def test_the_linter_finds_nothing(settings: dict[str, Any]) -> None:
    """CloudFormation's linter finds nothing."""
    stack = synthesise(**settings)
    templates = sorted(stack.folder.glob("*.template.json"))
    assert len(templates) == 1 + settings.get("probe", False)
    for template in templates:
        assert [str(finding) for finding in lint(template.read_text())] == []


@pytest.mark.parametrize("settings", [{}, ALL_OPTIONS], ids=["default", "all options"])
def test_the_cdk_warns_of_nothing(settings: dict[str, Any]) -> None:
    """Synthesis has nothing to say to who deploys."""
    folder = synthesise(**settings).folder
    said = "".join(path.read_text() for path in sorted(folder.glob("*.json")))
    assert "aws:cdk:logicalId" in said
    assert "aws:cdk:warning" not in said
    assert "aws:cdk:info" not in said
