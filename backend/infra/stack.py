"""The whole backend as one stack: it composes, the constructs build."""

from typing import Any

from aws_cdk import CfnOutput, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

from backend.infra.alarms import Alarms
from backend.infra.api import GameApi
from backend.infra.budget import Budget
from backend.infra.dashboard import Dashboard
from backend.infra.function import GameFunction
from backend.infra.measures import Measures
from backend.infra.settings import Settings
from backend.infra.table import Games


class NoughtsStack(Stack):
    """The service. Clients need one thing of it: ``websocketEndpoint``."""

    def __init__(self, scope: Construct, id_: str, settings: Settings, **options: Any) -> None:
        super().__init__(
            scope, id_, description="Noughts and crosses over WebSockets (noughts-tui)", **options
        )
        games = Games(self, "Games", settings)
        api = GameApi(self, "Game", settings)
        game = GameFunction(self, "Service", settings, games, api.stage)
        api.route(game.function)
        measures = Measures(games, api.stage, game.function)
        Alarms(self, "Alarms", settings, measures)
        dashboard = Dashboard(self, "Dashboard", measures)
        if settings.budget:
            Budget(self, "Budget", settings)
        if settings.boundary:
            self._bound(settings.boundary)
        Tags.of(self).add("application", settings.name)
        outputs = {
            "websocketEndpoint": (api.endpoint, "Where clients connect"),
            "dashboard": (dashboard.url, "What it does: games, failures, load"),
            "logGroup": (game.log_group.log_group_name, "What it says of failures"),
        }
        if api.domain is not None:
            outputs["domainTarget"] = (
                api.domain.regional_domain_name,
                "What the domain's DNS must be a CNAME or alias of",
            )
        for name, (value, description) in outputs.items():
            CfnOutput(self, name, value=value, description=description)

    def _bound(self, policy: str) -> None:
        """Lets no role of the stack have more rights than this policy of the account."""
        found = (
            iam.ManagedPolicy.from_managed_policy_arn(self, "Boundary", policy)
            if policy.startswith("arn:")
            else iam.ManagedPolicy.from_managed_policy_name(self, "Boundary", policy)
        )
        iam.PermissionsBoundary.of(self).apply(found)
