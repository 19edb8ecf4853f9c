"""What calls the operator: each alarm with its threshold, and why it is that one.

`docs/outages.md` says which failure raises which alarm, and what to do.
"""

from dataclasses import dataclass
from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from backend.infra.findings import acknowledge
from backend.infra.measures import PERIOD, Measures, computed
from backend.infra.settings import Settings

_CLOUDWATCH: Final = "cloudwatch.amazonaws.com"
_NEARLY: Final = 0.8
"""The part of the stage's rate at which its operator should hear of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm goes off when the metric reaches the threshold, for so many periods in a row."""

    name: str
    metric: cloudwatch.IMetric
    threshold: int
    why: str
    periods: int = 1


def alarms(measures: Measures, settings: Settings) -> list[Alarm]:
    """Every alarm. A healthy stack shows 0 of the failures; some happen to be seen now and then."""
    return [
        # A fault is a mistake of this program or of its deployment: one is enough.
        Alarm(
            name="Faults",
            metric=measures.count("Faults"),
            threshold=1,
            why="A request failed by a fault of the service; the log says why.",
        ),
        Alarm(
            name="Errors",
            metric=measures.errors(),
            threshold=1,
            why="The function crashed, ran out of time or memory.",
        ),
        Alarm(
            name="Throttles",
            metric=measures.throttles(),
            threshold=1,
            why="More calls at once than the function, or the account, may run.",
        ),
        # Calls are repeated before they count as failed. One player who repeats a refused move
        # makes five in seconds; AWS's rare single mistakes make none.
        Alarm(
            name="TableFailures",
            metric=measures.count("TableFailures"),
            threshold=5,
            why="Calls of the table failed, or were refused; the log says how.",
        ),
        Alarm(
            name="Busy",
            metric=measures.count("RequestsBusy"),
            threshold=5,
            why="Players were told that the server is busy.",
        ),
        # A client that does not read can have some refused; a game of two makes thirty posts.
        Alarm(
            name="ConnectionFailures",
            metric=measures.count("ConnectionFailures"),
            threshold=10,
            why="Players were not told of moves: calls of @connections failed.",
        ),
        # Each connection can be found gone, but then somebody connected before, or connects again.
        Alarm(
            name="ConnectionsGone",
            metric=computed(
                "FILL(gone, 0) - FILL(connected, 0)",
                "Found gone beyond those that connected",
                gone=measures.count("ConnectionsGone"),
                connected=measures.api("ConnectCount"),
            ),
            threshold=10,
            why="More connections were found gone than came: living ones may be denied.",
        ),
        # The function counts itself in each minute in which it is called. Three periods, because
        # lines of logs become metrics with a delay.
        Alarm(
            name="Silent",
            metric=computed(
                "IF(FILL(alive, 0) < 1, FILL(calls, 0), 0)",
                "Calls that left no trace",
                alive=measures.count("Alive"),
                calls=measures.calls(),
            ),
            threshold=1,
            periods=3,
            why="The function is called, but its metrics do not arrive: trust no other count.",
        ),
        # The function's own patience with the table is 9 s, and with a push 6 s.
        Alarm(
            name="Slow",
            metric=measures.duration("p99"),
            threshold=1000,
            periods=3,
            why="One request of a hundred takes over a second.",
        ),
        Alarm(
            name="Traffic",
            metric=measures.api("MessageCount"),
            threshold=round(_NEARLY * settings.rate * PERIOD.to_seconds()),
            why="The stage carries nearly as many messages as it aims to let through.",
        ),
        # Whatever a client sends has a route, so that this is what the stage's throttle refused.
        Alarm(
            name="ClientErrors",
            metric=measures.api("ClientError"),
            threshold=100,
            why="The stage refused frames or handshakes: a flood, or too low a rate.",
        ),
        Alarm(
            name="IntegrationErrors",
            metric=measures.api("IntegrationError"),
            threshold=5,
            why="API Gateway got errors from the function.",
        ),
        Alarm(
            name="ExecutionErrors",
            metric=measures.api("ExecutionError"),
            threshold=5,
            why="API Gateway could not call the function.",
        ),
    ]


class Alarms(Construct):
    """The alarms, and a mail for each when there is an address."""

    def __init__(self, scope: Construct, id_: str, settings: Settings, measures: Measures) -> None:
        super().__init__(scope, id_)
        mail = actions.SnsAction(self._topic(settings)) if settings.email else None
        for alarm in alarms(measures, settings):
            made = cloudwatch.Alarm(
                self,
                alarm.name,
                metric=alarm.metric,
                threshold=alarm.threshold,
                evaluation_periods=alarm.periods,
                comparison_operator=(
                    cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
                ),
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
                alarm_description=alarm.why,
            )
            if mail is not None:
                made.add_alarm_action(mail)

    def _topic(self, settings: Settings) -> sns.Topic:
        topic = sns.Topic(
            self,
            "Topic",
            enforce_ssl=True,
            master_key=self._key() if settings.encrypted_alarms else None,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal(_CLOUDWATCH)],
                resources=[topic.topic_arn],
                conditions=self._ours(),
            )
        )
        topic.add_subscription(subscriptions.EmailSubscription(settings.email))
        acknowledge(
            topic,
            "Serverless-SNSRedrivePolicy",
            "An e-mail that cannot be delivered is of no use in a queue that nobody reads.",
        )
        return topic

    def _key(self) -> kms.Key:
        """A key of one's own: with the one that AWS keeps for SNS no alarm could be published."""
        key = kms.Key(
            self,
            "Key",
            description="Encrypts what alarms tell",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
            pending_window=Duration.days(7),
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                principals=[iam.ServicePrincipal(_CLOUDWATCH)],
                resources=["*"],
                conditions=self._ours(),
            )
        )
        return key

    def _ours(self) -> dict[str, dict[str, str]]:
        return {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
