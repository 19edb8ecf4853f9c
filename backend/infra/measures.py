"""What is measured of a running stack: AWS's own metrics and those that the function prints."""

from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from backend.infra.table import Games

NAMESPACE: Final = "Noughts"
DIMENSION: Final = "Stack"
PERIOD: Final = Duration.minutes(5)


class Measures:
    """Metrics over five minutes."""

    def __init__(
        self, games: Games, stage: apigateway.WebSocketStage, function: lambda_.Function
    ) -> None:
        self._games = games
        self._stage = stage
        self._function = function

    def count(self, name: str) -> cloudwatch.Metric:
        """What the function counts (`backend/aws/metrics.py`)."""
        return self._sum(NAMESPACE, name, {DIMENSION: Stack.of(self._stage).stack_name})

    def api(self, name: str) -> cloudwatch.Metric:
        """What API Gateway counts of the stage."""
        dimensions = {"ApiId": self._stage.api.api_id, "Stage": self._stage.stage_name}
        return self._sum("AWS/ApiGateway", name, dimensions)

    def calls(self) -> cloudwatch.Metric:
        return self._function.metric_invocations(period=PERIOD)

    def errors(self) -> cloudwatch.Metric:
        return self._function.metric_errors(period=PERIOD)

    def throttles(self) -> cloudwatch.Metric:
        return self._function.metric_throttles(period=PERIOD)

    def duration(self, statistic: str) -> cloudwatch.Metric:
        return self._function.metric_duration(statistic=statistic, period=PERIOD)

    def table_throttles(self) -> list[cloudwatch.Metric]:
        """Requests that the table refused because there were too many, by operation."""
        return list(self._games.throttled(PERIOD).values())

    def table_load(self) -> tuple[cloudwatch.Metric, cloudwatch.Metric]:
        """Write and read units."""
        table = self._games.table
        return (
            table.metric_consumed_write_capacity_units(period=PERIOD),
            table.metric_consumed_read_capacity_units(period=PERIOD),
        )

    def _sum(self, namespace: str, name: str, dimensions: dict[str, str]) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map=dimensions,
            statistic="Sum",
            period=PERIOD,
        )


def computed(expression: str, label: str, **metrics: cloudwatch.IMetric) -> cloudwatch.IMetric:
    """A metric that CloudWatch computes of others, which the expression calls by these names."""
    return cloudwatch.MathExpression(
        expression=expression, label=label, using_metrics=metrics, period=PERIOD
    )
