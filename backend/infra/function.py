"""The one function that serves every route."""

from typing import Final, cast

from aws_cdk import CfnResource, Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from backend.infra import asset
from backend.infra.api import acknowledge_connections
from backend.infra.findings import acknowledge
from backend.infra.log_groups import log_group
from backend.infra.permissions import CONNECTION_METHODS, statements
from backend.infra.settings import NEWEST_PYTHON, Settings
from backend.infra.table import Games

# API Gateway waits 29 s for an answer. With its repeats a call of the table takes up to 9 s and a
# push up to 6 s (`backend/aws/wiring.py`): a request that meets more than that is ended here, and
# its client repeats it.
TIMEOUT: Final = Duration.seconds(15)

_ARCHITECTURES: Final = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}


class GameFunction(Construct):
    """Function, log group and role; the role is allowed exactly what the code does."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        settings: Settings,
        games: Games,
        stage: apigateway.WebSocketStage,
    ) -> None:
        super().__init__(scope, id_)
        self.log_group = log_group(self, "Logs", settings)
        self.role = self._role(games, stage)
        with asset.built(settings) as folder:
            self.function = self._function(
                settings, games, stage, lambda_.Code.from_asset(str(folder))
            )
        # The role says it by being referred to.
        resource = cast("CfnResource", self.function.node.default_child)
        resource.add_deletion_override("DependsOn")
        self._acknowledge(stage)
        if settings.python != NEWEST_PYTHON:
            for rule in ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"):
                acknowledge(
                    self.function,
                    rule,
                    "The default is the newest Python that the tests run the function on.",
                )

    def _function(
        self,
        settings: Settings,
        games: Games,
        stage: apigateway.WebSocketStage,
        code: lambda_.Code,
    ) -> lambda_.Function:
        return lambda_.Function(
            self,
            "Function",
            description="Serves noughts and crosses: every route of the WebSocket API",
            code=code,
            handler=asset.HANDLER,
            runtime=lambda_.Runtime(f"python{settings.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=_ARCHITECTURES[settings.architecture],
            memory_size=settings.memory,
            timeout=TIMEOUT,
            reserved_concurrent_executions=settings.concurrency or None,
            role=self.role,
            log_group=self.log_group,
            # The platform's own three lines a call would be most of the logs, and of their bill.
            # Metrics are lines without a level, which counts as INFO.
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            environment={
                "TABLE_NAME": games.table.table_name,
                "CALLBACK_URL": stage.callback_url,
                "STACK_NAME": Stack.of(self).stack_name,
                "GAME_LIFE_SECONDS": str(settings.life * 3600),
            },
        )

    def _role(self, games: Games, stage: apigateway.WebSocketStage) -> iam.Role:
        # Within the role, so that there is no moment in which the function has the one without the
        # other.
        policy = iam.PolicyDocument(statements=statements(games, stage, self.log_group))
        return iam.Role(
            self,
            "Role",
            description="What the game function may do",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Game": policy},
        )

    def _acknowledge(self, stage: apigateway.WebSocketStage) -> None:
        acknowledge(
            self.function,
            "Serverless-LambdaDLQ",
            "API Gateway calls the function and waits: nothing can get to a dead-letter queue.",
        )
        acknowledge(
            self.function,
            "Serverless-LambdaTracing",
            "Two calls a move are no chain to trace; traces would cost more than the moves.",
        )
        acknowledge_connections(self.role, stage, *CONNECTION_METHODS)
