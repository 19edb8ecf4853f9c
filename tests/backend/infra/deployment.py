"""The synthesised stack, deployed to the emulator with what its gaps need.

The copy that is deployed differs from the template in two things, and what is deployed is changed
in two; `tests/e2e/test_stack.py` fails when one of the four becomes unnecessary.
"""

import io
import json
import platform
import sys
import zipfile
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.backend.aws.emulator import ACCOUNT, REGION, Emulator, emulator
from tests.backend.infra.synthesis import Synthesised, synthesise

UNKNOWN_TYPE: Final = "AWS::ApiGatewayV2::RouteResponse"
"""What the emulator's CloudFormation does not know; its routes always send the body back."""
KNOWN_SPELLING: Final = "$request.body.type"
"""How the emulator spells the route selection expression that AWS spells with braces."""
_ARCHITECTURES: Final = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_BUCKET: Final = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"


class Deployment:
    """The stack as it runs on the emulator."""

    def __init__(self, aws: Emulator, stack: Synthesised) -> None:
        self.aws = aws
        self.stack = stack
        self._upload()
        deploy(aws, stack.name, deployable(stack.template))
        self.api = self._physical_id("AWS::ApiGatewayV2::Api")
        self.table = self._physical_id("AWS::DynamoDB::Table")
        self.function = self._physical_id("AWS::Lambda::Function")
        self.stage = stack.only("AWS::ApiGatewayV2::Stage")["StageName"]
        self.deployed_callback = self._environment()["CALLBACK_URL"]
        self.selection = self._select_routes()
        self._call_back()

    @property
    def endpoint(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.aws.port}{self._path}"

    @property
    def callback(self) -> str:
        return f"{self.aws.url}{self._path}"

    @property
    def _path(self) -> str:
        return f"/_aws/execute-api/{self.api}/{self.stage}"

    def outputs(self) -> dict[str, str]:
        [stack] = self.aws.client("cloudformation").describe_stacks(StackName=self.stack.name)[
            "Stacks"
        ]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def _upload(self) -> None:
        key = self.stack.only("AWS::Lambda::Function")["Code"]["S3Key"]
        bootstrap(self.aws).put_object(Bucket=_BUCKET, Key=key, Body=zipped(self.stack.code))

    def _physical_id(self, kind: str) -> str:
        resources = self.aws.client("cloudformation").describe_stack_resources(
            StackName=self.stack.name
        )["StackResources"]
        [found] = [each for each in resources if each["ResourceType"] == kind]
        physical_id: str = found["PhysicalResourceId"]
        return physical_id

    def _select_routes(self) -> str:
        api = self.aws.client("apigatewayv2")
        deployed: str = api.get_api(ApiId=self.api)["RouteSelectionExpression"]
        api.update_api(ApiId=self.api, RouteSelectionExpression=KNOWN_SPELLING)
        return deployed

    def _environment(self) -> dict[str, str]:
        configuration = self.aws.client("lambda").get_function_configuration(
            FunctionName=self.function
        )
        variables: dict[str, str] = configuration["Environment"]["Variables"]
        return variables

    def _call_back(self) -> None:
        environment = self._environment() | {"CALLBACK_URL": self.callback}
        self.aws.client("lambda").update_function_configuration(
            FunctionName=self.function, Environment={"Variables": environment}
        )


@cache
def bootstrap(aws: Emulator) -> Any:
    """What ``cdk bootstrap`` makes, as far as the template asks for it; the client of S3."""
    aws.client("ssm").put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
    )
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


def deploy(aws: Emulator, name: str, template: dict[str, Any]) -> None:
    """Creates a stack and waits for it.

    Raises:
        WaiterError: the stack could not be created.
    """
    bootstrap(aws)
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def deployable(template: dict[str, Any]) -> dict[str, Any]:
    """A copy of the template without what the emulator's CloudFormation refuses."""
    copy = deepcopy(template)
    copy["Resources"] = {
        name: resource
        for name, resource in copy["Resources"].items()
        if resource["Type"] != UNKNOWN_TYPE and not is_computed_alarm(resource)
    }
    return copy


def is_computed_alarm(resource: dict[str, Any]) -> bool:
    """Whether it is an alarm on what CloudWatch computes, which the emulator cannot."""
    return resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]


def zipped(folder: Path) -> bytes:
    """The archive that ``cdk deploy`` would upload."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for path in sorted(folder.rglob("*")):
            files.write(path, path.relative_to(folder))
    return archive.getvalue()


def own_platform() -> dict[str, str]:
    """The settings for a function that runs on this machine."""
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "architecture": _ARCHITECTURES[platform.machine()],
    }


@cache
def deployment() -> Deployment:
    """The stack on the emulator, for the Python and processor of this machine."""
    return Deployment(emulator(), synthesise(**own_platform()))
