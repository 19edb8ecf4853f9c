"""What the operator looks at: one dashboard."""

from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from backend.infra.measures import Measures

_ERRORS: Final = ("ClientError", "IntegrationError", "ExecutionError")


class Dashboard(Construct):
    """Games, what goes wrong, and load."""

    def __init__(self, scope: Construct, id_: str, measures: Measures) -> None:
        super().__init__(scope, id_)
        self._dashboard = cloudwatch.Dashboard(
            self, "Dashboard", default_interval=Duration.hours(3)
        )
        count, api = measures.count, measures.api
        self._dashboard.add_widgets(
            _graph("Games", count("GamesStarted"), count("GamesFinished")),
            _graph("Moves", count("Moves")),
            _graph("Refused and gone", count("RequestsRefused"), count("ConnectionsGone")),
        )
        self._dashboard.add_widgets(
            _graph(
                "What failed",
                *map(count, ("Faults", "RequestsBusy", "ConnectionFailures", "TableFailures")),
                measures.errors(),
                measures.throttles(),
            ),
            _graph("API Gateway's errors", *map(api, _ERRORS)),
            _graph("The table refused", *measures.table_throttles()),
        )
        self._dashboard.add_widgets(
            _graph("Latency, ms", *map(measures.duration, ("p50", "p90", "p99"))),
            _graph("Messages and connections", api("MessageCount"), api("ConnectCount")),
            _graph("Load", measures.calls(), count("Alive"), *measures.table_load()),
        )

    @property
    def url(self) -> str:
        """Where it is shown."""
        stack, name = Stack.of(self), self._dashboard.dashboard_name
        console = f"https://{stack.region}.console.aws.amazon.com/cloudwatch/home"
        return f"{console}?region={stack.region}#dashboards:name={name}"


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
