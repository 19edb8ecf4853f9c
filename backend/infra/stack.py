"""The whole backend as one stack: it composes, the constructs build."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from backend.infra.api import GameApi
from backend.infra.function import GameFunction
from backend.infra.monitoring import Monitoring
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
        Monitoring(self, "Monitoring", settings, games, game)
        CfnOutput(
            self, "websocketEndpoint", value=api.endpoint, description="Where clients connect"
        )
        if api.domain is not None:
            CfnOutput(
                self,
                "domainTarget",
                value=api.domain.regional_domain_name,
                description="What the domain's DNS must be a CNAME or alias of",
            )
