"""Where the games are kept: one table, sparse indexes."""

from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from backend.infra.findings import acknowledge
from backend.infra.settings import Settings

PLAYER_INDEXES: Final = {"PlayerX": "BoundX", "PlayerO": "BoundO"}
"""The seats of a connection, in the order in which it took them."""
LOBBY_INDEX: Final = "Lobby"
LOBBY_LINE: Final = ("NameX", "NameO", "PlayerX", "PlayerO", "Clock")
_TEXT: Final = dynamodb.AttributeType.STRING


class Games(Construct):
    """The table. Everything that is asked of it, it answers by a key."""

    def __init__(self, scope: Construct, id_: str, settings: Settings) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="GameId", type=_TEXT),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="ttl",
            removal_policy=RemovalPolicy(settings.removal.upper()),
        )
        for player, bound in PLAYER_INDEXES.items():
            self.table.add_global_secondary_index(
                index_name=player,
                partition_key=dynamodb.Attribute(name=player, type=_TEXT),
                sort_key=dynamodb.Attribute(name=bound, type=dynamodb.AttributeType.NUMBER),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
        self.table.add_global_secondary_index(
            index_name=LOBBY_INDEX,
            partition_key=dynamodb.Attribute(name="Lobby", type=_TEXT),
            sort_key=dynamodb.Attribute(name="Since", type=_TEXT),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(LOBBY_LINE),
        )
        acknowledge(
            self.table,
            "AwsSolutions-DDB3",
            "A game lives some hours: there is no yesterday to go back to.",
        )

    @property
    def index_arns(self) -> list[str]:
        return [f"{self.table.table_arn}/index/{index}" for index in (*PLAYER_INDEXES, LOBBY_INDEX)]

    def throttled(self, period: Duration) -> dict[str, cloudwatch.Metric]:
        """Requests that the table refused because there were too many, by operation."""
        return {
            operation: self.table.metric_throttled_requests_for_operation(operation, period=period)
            for operation in ("GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem")
        }
