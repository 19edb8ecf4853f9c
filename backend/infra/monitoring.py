"""What an operator looks at, and what calls the operator: alarms and one dashboard."""

from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from backend.infra.findings import acknowledge
from backend.infra.function import GameFunction
from backend.infra.settings import Settings
from backend.infra.table import Games

NAMESPACE: Final = "Noughts"
DIMENSION: Final = "Stack"
PERIOD: Final = Duration.minutes(5)
SLOW_MILLISECONDS: Final = 1000


class Monitoring(Construct):
    """Alarms, the dashboard, and an e-mail for the alarms when there is an address."""

    def __init__(
        self, scope: Construct, id_: str, settings: Settings, games: Games, game: GameFunction
    ) -> None:
        super().__init__(scope, id_)
        self._games = games
        self._function = game.function
        self._topic = self._mail(settings.email) if settings.email else None
        self._raise_alarms()
        self._draw()

    def _raise_alarms(self) -> None:
        errors = self._function.metric_errors(period=PERIOD)
        throttles = self._function.metric_throttles(period=PERIOD)
        slow = self._duration("p99")
        # The handler answers what goes wrong, so that it is no failed call.
        self._alarm(
            "Faults", self._count("Faults"), 1, "A request failed by a fault of the service."
        )
        self._alarm("Errors", errors, 1, "The function crashed, ran out of time or memory.")
        self._alarm("Throttles", throttles, 1, "More calls at once than the function may run.")
        for operation, metric in self._games.throttled(PERIOD).items():
            self._alarm(f"{operation}Throttles", metric, 1, "The table refused requests.")
        self._alarm("Slow", slow, SLOW_MILLISECONDS, "One request of a hundred is slow.", periods=3)

    def _alarm(
        self, id_: str, metric: cloudwatch.IMetric, threshold: int, why: str, *, periods: int = 1
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            id_,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=(cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD),
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=why,
        )
        if self._topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self._topic))

    def _mail(self, address: str) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        topic.add_subscription(subscriptions.EmailSubscription(address))
        acknowledge(
            topic,
            "Serverless-SNSRedrivePolicy",
            "An e-mail that cannot be delivered is of no use in a queue that nobody reads.",
        )
        return topic

    def _draw(self) -> None:
        dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.hours(3))
        dashboard.add_widgets(
            self._graph("Games", self._count("GamesStarted"), self._count("GamesFinished")),
            self._graph("Moves", self._count("Moves")),
            self._graph(
                "Refused and gone",
                self._count("RequestsRefused"),
                self._count("ConnectionsGone"),
            ),
        )
        dashboard.add_widgets(
            self._graph("Latency, ms", *map(self._duration, ("p50", "p90", "p99"))),
            self._graph(
                "Faults",
                self._count("Faults"),
                self._function.metric_errors(period=PERIOD),
                self._function.metric_throttles(period=PERIOD),
                *self._games.throttled(PERIOD).values(),
            ),
            self._graph(
                "Load",
                self._function.metric_invocations(period=PERIOD),
                self._games.table.metric_consumed_write_capacity_units(period=PERIOD),
                self._games.table.metric_consumed_read_capacity_units(period=PERIOD),
            ),
        )

    def _graph(self, title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
        return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)

    def _count(self, name: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={DIMENSION: Stack.of(self).stack_name},
            statistic="Sum",
            period=PERIOD,
        )

    def _duration(self, statistic: str) -> cloudwatch.Metric:
        return self._function.metric_duration(statistic=statistic, period=PERIOD)
