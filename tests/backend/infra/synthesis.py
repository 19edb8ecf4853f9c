"""The stack, synthesised once for each choice of settings, with the context of ``cdk.json``."""

import atexit
import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# The stack comes first: it says which Node aws_cdk starts.
from backend.infra.app import build  # isort: skip
from aws_cdk import App

from backend.infra.asset import ROOT


@dataclass(frozen=True)
class Synthesised:
    """A template, and the folder of the assembly that holds it and its assets."""

    folder: Path
    name: str
    template: dict[str, Any]

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == kind
        }

    def only(self, kind: str) -> dict[str, Any]:
        """The properties of the only resource of a type."""
        [properties] = self.resources(kind).values()
        return properties

    @property
    def code(self) -> Path:
        """The folder that becomes the function's code."""
        key = self.only("AWS::Lambda::Function")["Code"]["S3Key"]
        return self.folder / f"asset.{key.removesuffix('.zip')}"


def context() -> dict[str, Any]:
    """What ``cdk.json`` tells the CDK command line."""
    told: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return told


def synthesise(**settings: Any) -> Synthesised:
    """The stack with these settings, the rest as they come."""
    return _synthesise(json.dumps(settings, sort_keys=True))


@cache
def _synthesise(settings: str) -> Synthesised:
    folder = tempfile.TemporaryDirectory(prefix="synthesised-")
    atexit.register(folder.cleanup)
    app = App(context=context() | json.loads(settings), outdir=folder.name)
    stack = build(app)
    template = app.synth().get_stack_by_name(stack.stack_name).template
    return Synthesised(Path(folder.name), stack.stack_name, template)


def written(value: Any) -> str:
    """The text that CloudFormation makes of a value, with what is known later in brackets."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(written(part) for part in parts)
        case _:
            raise AssertionError(value)
