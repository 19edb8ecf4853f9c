"""What the synthesised template says, where it matters."""

import json
import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from backend.aws import items
from backend.aws.metrics import (
    ALIVE,
    CONNECTION_FAILURES,
    DIMENSION,
    FAULTS,
    NAMESPACE,
    TABLE_FAILURES,
)
from backend.aws.wiring import Surroundings
from backend.core.ports import Metric
from backend.infra.asset import ROOT
from shared.messages import REQUESTS
from tests.backend.aws.emulator import TABLE
from tests.backend.infra.synthesis import Synthesised, synthesise, written


@pytest.fixture(scope="module")
def stack() -> Synthesised:
    return synthesise()


def routes(stack: Synthesised) -> dict[str, dict[str, Any]]:
    return {
        route["RouteKey"]: route for route in stack.resources("AWS::ApiGatewayV2::Route").values()
    }


def test_the_requests_of_the_protocol_are_the_routes(stack: Synthesised) -> None:
    """Each request has its route; what is no request is answered, too; nothing else is there."""
    assert routes(stack).keys() == {*REQUESTS, "$default", "$disconnect"}
    api = stack.only("AWS::ApiGatewayV2::Api")
    assert api["RouteSelectionExpression"] == "${request.body.type}"
    assert api["ProtocolType"] == "WEBSOCKET"


def test_every_route_goes_to_one_function(stack: Synthesised) -> None:
    """One function serves all routes: one warm pool, one role."""
    assert len({json.dumps(route["Target"]) for route in routes(stack).values()}) == 1
    assert len(stack.resources("AWS::ApiGatewayV2::Integration")) == 1
    assert len(stack.resources("AWS::Lambda::Function")) == 1


def test_every_request_is_answered_on_its_route(stack: Synthesised) -> None:
    """Replies travel as the route's response; `$disconnect` has nobody to answer."""
    responses = stack.resources("AWS::ApiGatewayV2::RouteResponse").values()
    answered = {response["RouteId"]["Ref"] for response in responses}
    two_way = {
        route["RouteKey"]
        for name, route in stack.resources("AWS::ApiGatewayV2::Route").items()
        if name in answered and route["RouteResponseSelectionExpression"] == "$default"
    }
    assert two_way == {*REQUESTS, "$default"}


def test_only_the_stage_may_call_the_function(stack: Synthesised) -> None:
    """API Gateway may call the function for this stage of this API, and nobody else may."""
    permission = stack.only("AWS::Lambda::Permission")
    assert permission["Principal"] == "apigateway.amazonaws.com"
    [api] = stack.resources("AWS::ApiGatewayV2::Api")
    assert written(permission["SourceArn"]).endswith(f":<{api}>/prod/*")


def test_the_stage_is_throttled(stack: Synthesised) -> None:
    """The stage has limits of its own, which can be chosen."""
    assert stack.only("AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 1000,
        "ThrottlingBurstLimit": 500,
    }


def test_the_table_is_the_one_the_store_is_made_for(stack: Synthesised) -> None:
    """Key, indexes and what they hold are those that the store's tests run on; games expire."""
    table = stack.only("AWS::DynamoDB::Table")
    assert {name: table[name] for name in TABLE} == TABLE
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    [lobby] = [index for index in table["GlobalSecondaryIndexes"] if index["IndexName"] == "Lobby"]
    assert lobby["Projection"]["NonKeyAttributes"] == list(items.LOBBY_LINE)


def test_the_function_is_told_all_it_asks_for(stack: Synthesised) -> None:
    """What the function reads of its environment is what the stack writes there."""
    function = stack.only("AWS::Lambda::Function")
    told = {name: written(value) for name, value in function["Environment"]["Variables"].items()}
    [api], [table] = (
        stack.resources(f"AWS::{kind}") for kind in ("ApiGatewayV2::Api", "DynamoDB::Table")
    )
    assert Surroundings.read(told) == Surroundings(
        table=f"<{table}>",
        callback_url=f"https://<{api}>.execute-api.<AWS::Region>.<AWS::URLSuffix>/prod",
        stack="noughts-tui",
        life=6 * 3600,
    )


def test_the_function_is_as_it_was_chosen() -> None:
    """Processor, Python, memory and concurrency are settings."""
    chosen = synthesise(architecture="x86_64", python="3.11", memory=1024, concurrency=50)
    function = chosen.only("AWS::Lambda::Function")
    assert (function["Architectures"], function["Runtime"]) == (["x86_64"], "python3.11")
    assert (function["MemorySize"], function["ReservedConcurrentExecutions"]) == (1024, 50)
    usual = synthesise().only("AWS::Lambda::Function")
    assert (usual["Architectures"], usual["Runtime"]) == (["arm64"], "python3.13")
    assert "ReservedConcurrentExecutions" not in usual


def test_logs_cost_little_and_end(stack: Synthesised) -> None:
    """The platform writes no lines for calls that went well, and lines are not kept for ever."""
    logging = stack.only("AWS::Lambda::Function")["LoggingConfig"]
    assert (logging["LogFormat"], logging["SystemLogLevel"]) == ("JSON", "WARN")
    assert stack.only("AWS::Logs::LogGroup")["RetentionInDays"] == 14
    chosen = synthesise(retention=90, access_logs=True).resources("AWS::Logs::LogGroup")
    assert [group["RetentionInDays"] for group in chosen.values()] == [90, 90]


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """What the alarm looks at."""
    if "MetricName" in alarm:
        return [alarm]
    return [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]


# By AWS's documentation.
KNOWN = {
    "AWS/ApiGateway": {
        *("ConnectCount", "MessageCount", "ClientError", "IntegrationError", "ExecutionError"),
    },
    "AWS/Lambda": {"Duration", "Errors", "Invocations", "Throttles"},
    NAMESPACE: {*Metric, FAULTS, TABLE_FAILURES, CONNECTION_FAILURES, ALIVE},
}


def test_an_operator_is_called(stack: Synthesised) -> None:
    """There are alarms for what an operator must know of, on metrics of this stack that exist."""
    alarms = stack.resources("AWS::CloudWatch::Alarm").values()
    looked_at = [metric for alarm in alarms for metric in metrics_of(alarm)]
    assert all(metric["MetricName"] in KNOWN[metric["Namespace"]] for metric in looked_at)
    dimensions = {
        metric["Namespace"]: [each["Name"] for each in metric["Dimensions"]] for metric in looked_at
    }
    assert dimensions == {
        "AWS/ApiGateway": ["ApiId", "Stage"],
        "AWS/Lambda": ["FunctionName"],
        NAMESPACE: [DIMENSION],
    }
    assert all(alarm["TreatMissingData"] == "notBreaching" for alarm in alarms)


def test_the_guide_lists_the_alarms(stack: Synthesised) -> None:
    """The guide to outages has a line for each alarm, in the order of the template."""
    guide = (ROOT / "docs" / "outages.md").read_text()
    section = guide.partition("## The alarms")[2].partition("## The matrix")[0]
    names = [name.removeprefix("Alarms")[:-8] for name in stack.resources("AWS::CloudWatch::Alarm")]
    assert re.findall(r"^\| (\w+) \| (?!goes off)", section, re.MULTILINE) == names


def test_the_guide_counts_what_is_billed_by_the_month(stack: Synthesised) -> None:
    """Alarms are billed by their metrics, and counts by their number: the guide has both."""
    alarms = stack.resources("AWS::CloudWatch::Alarm").values()
    looked_at = sum(len(metrics_of(alarm)) for alarm in alarms)
    counted = len(KNOWN[NAMESPACE])
    guide = " ".join((ROOT / "docs" / "deploy.md").read_text().split())
    assert f"{len(alarms)} alarms on {looked_at} metrics" in guide
    assert f"{counted} metrics at $0.30" in guide


def test_the_dashboard_shows_what_is_counted(stack: Synthesised) -> None:
    """Everything that the service counts is drawn, and what API Gateway counts."""
    body = written(stack.only("AWS::CloudWatch::Dashboard")["DashboardBody"])
    drawn = {
        (metric[0], metric[1])
        for widget in json.loads(body)["widgets"]
        for metric in widget["properties"]["metrics"]
    }
    for namespace in (NAMESPACE, "AWS/ApiGateway"):
        assert {name for place, name in drawn if place == namespace} == KNOWN[namespace]


def test_alarms_are_sent_where_wanted() -> None:
    """With an address, each alarm is sent there."""
    stack = synthesise(email="me@example.org")
    [topic] = stack.resources("AWS::SNS::Topic")
    assert stack.only("AWS::SNS::Subscription")["Endpoint"] == "me@example.org"
    for alarm in stack.resources("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]


def test_what_alarms_tell_can_be_encrypted() -> None:
    """The topic of the alarms is encrypted by a key that CloudWatch may use, when it is chosen."""
    assert not synthesise(email="me@example.org").resources("AWS::KMS::Key")
    stack = synthesise(email="me@example.org", encrypted_alarms=True)
    [key] = stack.resources("AWS::KMS::Key")
    assert stack.only("AWS::SNS::Topic")["KmsMasterKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    policy = stack.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    assert [
        statement["Action"]
        for statement in policy
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ] == [["kms:Decrypt", "kms:GenerateDataKey*"]]


def test_a_budget_warns(stack: Synthesised) -> None:
    """With a sum and an address, the account's month is watched; without, it is nobody's."""
    assert not stack.resources("AWS::Budgets::Budget")
    budget = synthesise(email="me@example.org", budget=20).only("AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 20, "Unit": "USD"}
    mails = budget["NotificationsWithSubscribers"]
    assert {mail["Subscribers"][0]["Address"] for mail in mails} == {"me@example.org"}
    assert [
        (mail["Notification"]["NotificationType"], mail["Notification"]["Threshold"])
        for mail in mails
    ] == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]


@pytest.mark.parametrize("ip", ["dualstack", "ipv4"])
def test_the_endpoint_has_addresses_of_both_families(ip: str) -> None:
    """Clients reach endpoint and domain by IPv6 as by IPv4, unless that is not wanted."""
    domain = {"domain": "play.example.org", "certificate": "arn:aws:acm:eu-west-1:1:certificate/a"}
    stack = synthesise(ip=ip, **domain)
    assert stack.only("AWS::ApiGatewayV2::Api")["IpAddressType"] == ip
    [configuration] = stack.only("AWS::ApiGatewayV2::DomainName")["DomainNameConfigurations"]
    assert configuration["IpAddressType"] == ip


def test_what_is_deployed_says_whose_it_is() -> None:
    """Everything that can have tags says which stack it is of."""
    tagged = [
        properties["Tags"]
        for kind in ("DynamoDB::Table", "Lambda::Function", "Logs::LogGroup", "CloudWatch::Alarm")
        for properties in synthesise(name="mine").resources(f"AWS::{kind}").values()
    ]
    assert all(tags == [{"Key": "application", "Value": "mine"}] for tags in tagged)


@pytest.mark.parametrize("policy", ["limits", "arn:aws:iam::123456789012:policy/limits"])
def test_a_boundary_bounds_every_role(policy: str) -> None:
    """Where an account wants a permissions boundary, each role of the stack has it."""
    roles = synthesise(boundary=policy, access_logs=True).resources("AWS::IAM::Role").values()
    assert len(roles) == 2
    for role in roles:
        assert str(role["PermissionsBoundary"]).find("limits") > 0
    assert "PermissionsBoundary" not in synthesise().only("AWS::IAM::Role")


def test_the_endpoint_is_told() -> None:
    """The stack says where clients connect: at the stage, or at one's own domain."""
    [api] = synthesise().resources("AWS::ApiGatewayV2::Api")
    told = synthesise().template["Outputs"]["websocketEndpoint"]["Value"]
    assert written(told) == f"wss://<{api}>.execute-api.<AWS::Region>.<AWS::URLSuffix>/prod"
    own = synthesise(domain="play.example.org", certificate="arn:aws:acm:eu-west-1:1:certificate/a")
    outputs = own.template["Outputs"]
    assert outputs["websocketEndpoint"]["Value"] == "wss://play.example.org"
    assert outputs.keys() == {"websocketEndpoint", "domainTarget", "dashboard", "logGroup"}


def test_access_logs_are_opt_in(stack: Synthesised) -> None:
    """The role that belongs to the whole account is made only when asked for, and then stays."""
    assert not stack.resources("AWS::ApiGateway::Account")
    assert "AccessLogSettings" not in stack.only("AWS::ApiGatewayV2::Stage")
    logged = synthesise(access_logs=True)
    settings = logged.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]
    assert json.loads(settings["Format"])["routeKey"] == "$context.routeKey"
    assert "sourceIp" not in settings["Format"]
    [account] = [
        resource
        for resource in logged.template["Resources"].values()
        if resource["Type"] == "AWS::ApiGateway::Account"
    ]
    assert account["DeletionPolicy"] == "Retain"


ACCOUNTS = ["AWS::ApiGateway::Account", "AWS::IAM::Role"]


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ({}, []),
        ({"removal": "retain"}, ["AWS::DynamoDB::Table", "AWS::Logs::LogGroup"]),
        ({"access_logs": True}, ACCOUNTS),
        (
            {"access_logs": True, "removal": "retain"},
            [*ACCOUNTS, "AWS::DynamoDB::Table", *2 * ["AWS::Logs::LogGroup"]],
        ),
    ],
)
def test_nothing_is_left_behind(settings: dict[str, Any], left: list[str]) -> None:
    """What `destroy` leaves behind is nothing, unless it is meant to be kept."""
    stays = [
        resource["Type"]
        for resource in synthesise(**settings).template["Resources"].values()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    ]
    assert sorted(stays) == sorted(left)


def test_no_permission_is_a_wildcard(stack: Synthesised) -> None:
    """No action is a wildcard, and no resource but the connections, which have no names."""
    [policy] = stack.only("AWS::IAM::Role")["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    granted = {
        statement["Sid"]: [statement["Action"], statement["Resource"]] for statement in statements
    }
    assert "*" not in json.dumps({sid: actions for sid, (actions, _) in granted.items()})
    with_star = {sid for sid, (_, resources) in granted.items() if "*" in json.dumps(resources)}
    assert with_star == {"Push"}
    methods = [written(resource).rpartition("/prod/")[2] for resource in granted["Push"][1]]
    assert methods == ["POST/@connections/*", "GET/@connections/*"]


def test_the_template_is_the_one_reviewed(stack: Synthesised, snapshot: SnapshotAssertion) -> None:
    """A change of what is deployed shows as a change of a file that people read.

    ``make test ARGS="tests/backend/infra --snapshot-update"`` writes that file.
    """
    code = stack.code.name.removeprefix("asset.")
    template = json.loads(json.dumps(stack.template).replace(code, "…"))
    assert template == snapshot(extension_class=JSONSnapshotExtension)
