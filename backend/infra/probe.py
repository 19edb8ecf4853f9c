"""An API that misbehaves when it is told to, for `make probe`: no part of the game.

``-c probe=true`` adds it beside the game's stack. Its one function does what a frame asks for and
the game's own never does: sleep, fail, answer with any status, post to its own client.
"""

from typing import Any, Final

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

_CODE: Final = """
import json, os, time, boto3

def handler(event, _context):
    asked = json.loads(event.get("body") or "{}")
    time.sleep(asked.get("sleep", 0))
    if asked.get("fail"):
        raise RuntimeError("as asked for")
    if asked.get("posts"):
        api = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["CALLBACK_URL"])
        for number in range(asked["posts"]):
            api.post_to_connection(
                ConnectionId=event["requestContext"]["connectionId"],
                Data=json.dumps({"push": number}),
            )
    return {"statusCode": asked.get("status", 200), "body": json.dumps({"reply": asked})}
"""
# Longer than API Gateway waits, so that its patience is what ends.
_TIMEOUT: Final = Duration.seconds(60)


class ProbeStack(Stack):
    """One two-way route, one function. To be destroyed when it has been asked."""

    def __init__(self, scope: Construct, id_: str, **options: Any) -> None:
        super().__init__(scope, id_, description="Measures API Gateway (noughts-tui)", **options)
        api = apigateway.WebSocketApi(
            self, "Api", route_selection_expression="${request.body.type}"
        )
        stage = apigateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=api,
            stage_name="probe",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=20, burst_limit=20),
        )
        function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_inline(_CODE),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=512,
            timeout=_TIMEOUT,
            log_group=logs.LogGroup(
                self,
                "Logs",
                retention=logs.RetentionDays.ONE_DAY,
                removal_policy=RemovalPolicy.DESTROY,
            ),
            environment={"CALLBACK_URL": stage.callback_url},
        )
        stage.grant_management_api_access(function)
        api.add_route(
            "$default",
            integration=WebSocketLambdaIntegration("Integration", function),
            return_response=True,
        )
        CfnOutput(self, "probeEndpoint", value=stage.url)
