"""An API that misbehaves when it is told to, for `make probe`: no part of the game.

``-c probe=true`` adds it beside the game's stack. Its one function does what a frame asks for and
the game's own never does: sleep, fail, answer with any status, post to its own client.
"""

from typing import Any, Final, cast

from aws_cdk import CfnOutput, CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from backend.infra.api import acknowledge_connections, connections
from backend.infra.findings import acknowledge

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
    """Two two-way routes, one function. To be destroyed when it has been asked."""

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
        function = self._function(stage)
        integration = WebSocketLambdaIntegration("Integration", function)
        for key in ("$default", "other"):
            route = api.add_route(key, integration=integration, return_response=True)
            acknowledge(
                route,
                "AwsSolutions-APIG4",
                "There for minutes, and throttled to 20 frames a second.",
            )
        for rule in ("AwsSolutions-APIG1", "Serverless-APIGWAccessLogging"):
            acknowledge(stage, rule, "What it is asked and answers is what the probe measures.")
        CfnOutput(self, "probeEndpoint", value=stage.url)

    def _function(self, stage: apigateway.WebSocketStage) -> lambda_.Function:
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_DAY,
            removal_policy=RemovalPolicy.DESTROY,
        )
        function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_inline(_CODE),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=512,
            timeout=_TIMEOUT,
            role=self._role(stage, log_group),
            log_group=log_group,
            environment={"CALLBACK_URL": stage.callback_url},
        )
        # The role says it by being referred to.
        resource = cast("CfnResource", function.node.default_child)
        resource.add_deletion_override("DependsOn")
        for rule in ("Serverless-LambdaDLQ", "Serverless-LambdaTracing"):
            acknowledge(function, rule, "Who asks it to fail sees what comes of that.")
        return function

    def _role(self, stage: apigateway.WebSocketStage, log_group: logs.LogGroup) -> iam.Role:
        allowed = {
            "execute-api:ManageConnections": connections(stage, "POST"),
            "logs:CreateLogStream": log_group.log_group_arn,
            "logs:PutLogEvents": log_group.log_group_arn,
        }
        policy = iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(actions=[action], resources=[resource])
                for action, resource in allowed.items()
            ]
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Probe": policy},
        )
        acknowledge_connections(role, stage, "POST")
        return role
