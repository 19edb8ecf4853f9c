"""What the function may do: exactly what its code does (`tests/…/test_least_privilege.py`)."""

from typing import Final

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from backend.infra.api import connections
from backend.infra.table import Games

CONNECTION_METHODS: Final = ("POST", "GET")
"""To push to a connection, and to look whether it is there."""


def statements(
    games: Games, stage: apigateway.WebSocketStage, log_group: logs.LogGroup
) -> list[iam.PolicyStatement]:
    """The function's IAM statements."""
    allowed: dict[str, tuple[list[str], list[str]]] = {
        "Games": (
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            [games.table.table_arn],
        ),
        "Indexes": (["dynamodb:Query"], games.index_arns),
        "Push": (
            ["execute-api:ManageConnections"],
            [connections(stage, method) for method in CONNECTION_METHODS],
        ),
        "Log": (["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn]),
    }
    return [
        iam.PolicyStatement(sid=sid, actions=actions, resources=resources)
        for sid, (actions, resources) in allowed.items()
    ]
