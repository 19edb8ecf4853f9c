"""The WebSocket API: one route for each request of the protocol, all to one function."""

from typing import Final, cast

from aws_cdk import CfnElement, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as accounts
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from backend.infra.findings import acknowledge
from backend.infra.log_groups import log_group
from backend.infra.settings import Settings
from shared.messages import REQUESTS

# What is no request of the protocol is answered, too; nobody is there to answer at $disconnect.
TWO_WAY: Final = (*REQUESTS, "$default")
ONE_WAY: Final = ("$disconnect",)

# No addresses, and nothing of the frames.
_ACCESS_LOG: Final = (
    '{"requestId":"$context.requestId","connectionId":"$context.connectionId",'
    '"eventType":"$context.eventType","routeKey":"$context.routeKey","status":"$context.status",'
    '"requestTimeEpoch":"$context.requestTimeEpoch",'
    '"integrationLatency":"$context.integrationLatency","error":"$context.error.message"}'
)
_FAMILIES: Final = {
    "dualstack": apigateway.IpAddressType.DUAL_STACK,
    "ipv4": apigateway.IpAddressType.IPV4,
}
_LOGGING: Final = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"


class GameApi(Construct):
    """API and stage. The function comes later, by `route`, because it must know the stage."""

    def __init__(self, scope: Construct, id_: str, settings: Settings) -> None:
        super().__init__(scope, id_)
        self._settings = settings
        self.api = apigateway.WebSocketApi(
            self,
            "Api",
            api_name=settings.name,
            description="Noughts and crosses, wire protocol version 1",
            route_selection_expression="${request.body.type}",
            ip_address_type=_FAMILIES[settings.ip],
        )
        self.stage = apigateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self.api,
            stage_name=settings.stage,
            auto_deploy=True,
            # A stage without values of its own can deploy with a limit of 0.
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.rate, burst_limit=settings.burst
            ),
        )
        self.domain = self._domain() if settings.domain else None
        if settings.access_logs:
            self._log_access()
        else:
            for rule in ("AwsSolutions-APIG1", "Serverless-APIGWAccessLogging"):
                acknowledge(
                    self.stage,
                    rule,
                    "Access logs need a role that belongs to the whole account, so they are for"
                    " who owns the account to turn on: -c access_logs=true.",
                )

    @property
    def endpoint(self) -> str:
        """Where clients connect."""
        return f"wss://{self._settings.domain}" if self.domain else self.stage.url

    def route(self, function: lambda_.Function) -> None:
        """Sends every route to the function."""
        # One permission for the stage instead of one for each route, which the integration would
        # give to a function that it takes for this stack's own.
        known = lambda_.Function.from_function_attributes(
            self, "Known", function_arn=function.function_arn, skip_permissions=True
        )
        integration = WebSocketLambdaIntegration("Integration", known)
        for key in (*TWO_WAY, *ONE_WAY):
            route = self.api.add_route(
                key, integration=integration, return_response=True if key in TWO_WAY else None
            )
            self._acknowledge_open(route)
        function.add_permission(
            "Invoked",
            principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
            source_arn=Stack.of(self).format_arn(
                service="execute-api",
                resource=self.api.api_id,
                resource_name=f"{self.stage.stage_name}/*",
            ),
        )

    def _acknowledge_open(self, route: apigateway.WebSocketRoute) -> None:
        acknowledge(
            route,
            "AwsSolutions-APIG4",
            "Anybody may play. What must be allowed is a seat, and its token is the right.",
        )

    def _domain(self) -> apigateway.DomainName:
        domain = apigateway.DomainName(
            self,
            "Domain",
            domain_name=self._settings.domain,
            ip_address_type=_FAMILIES[self._settings.ip],
            certificate=certificates.Certificate.from_certificate_arn(
                self, "Certificate", self._settings.certificate
            ),
        )
        apigateway.ApiMapping(self, "Mapping", api=self.api, domain_name=domain, stage=self.stage)
        return domain

    def _log_access(self) -> None:
        group = log_group(self, "AccessLogs", self._settings)
        role = iam.Role(
            self,
            "AccountRole",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_LOGGING)],
        )
        acknowledge(
            role,
            f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_LOGGING}]",
            "API Gateway checks the account's logging role for these rights on everything.",
        )
        account = accounts.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        # Who turns access logs off, or the stack, must not turn off those of others.
        account.apply_removal_policy(RemovalPolicy.RETAIN)
        role.apply_removal_policy(RemovalPolicy.RETAIN)
        stage = cast("apigateway.CfnStage", self.stage.node.default_child)
        stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=group.log_group_arn, format=_ACCESS_LOG
        )
        stage.add_resource_dependency(account)


def connections(stage: apigateway.WebSocketStage, method: str) -> str:
    """The resource of a right to reach whoever is connected to the stage by this HTTP method."""
    return Stack.of(stage).format_arn(
        service="execute-api",
        resource=stage.api.api_id,
        resource_name=f"{stage.stage_name}/{method}/@connections/*",
    )


def acknowledge_connections(
    role: iam.Role, stage: apigateway.WebSocketStage, *methods: str
) -> None:
    """Says why the role's rights to `connections` name none of them."""
    api = Stack.of(stage).get_logical_id(cast("CfnElement", stage.api.node.default_child))
    for method in methods:
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>"
            f":<AWS::AccountId>:<{api}>/{stage.stage_name}/{method}/@connections/*]",
            "The function reaches whoever is connected; connections have no ARNs to list.",
        )
