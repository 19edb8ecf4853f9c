"""The probe: what it would find on AWS, tried on the embedded gateway and on the emulator."""

import json
import re
from pathlib import Path

from backend.local.gateway import Gateway, serve
from backend.local.limits import Limits
from backend.local.sqlite import SqliteStore
from benchmarks import probe
from benchmarks.probe import FLOOD, QUESTIONS, Endpoints, Waits, answers, report
from tests.backend.aws.emulator import emulator
from tests.backend.infra.deployment import deploy, deployable
from tests.backend.infra.synthesis import synthesise
from tests.backend.memory import MemoryStore


async def test_the_probe_finds_what_the_embedded_gateway_chose(tmp_path: Path) -> None:
    """On the embedded gateway the probe finds its own choices, and names each of them."""
    store = SqliteStore(tmp_path / "games")
    async with serve(store, limits=Limits(close_seconds=0.1)) as gateway:
        waits = Waits(idle=0.2, ping=0.1)
        found = await answers(Endpoints(gateway.url, slow=True, waits=waits))
    store.close()
    assert found == {
        "Idle limit": "silent: open after 0.2 s; pinging: open after 0.2 s",
        "Frames of one connection": "in order",
        "A frame for $disconnect": "unknown_type, connection open",
        "Binary frames": "closed with 1003 Binary frames are not supported.",
        "A frame over 32 KB": "closed with 1009 Max frame length of 32768 has been exceeded.",
        **dict.fromkeys(
            (
                "A function that is too late",
                "A function that fails",
                "Status 500 with a body",
                "Throttled frames",
                "A flood on one route",
                "Reply and earlier pushes",
            ),
            "not asked: needs the endpoint of the probe's stack",
        ),
    }
    text = report(gateway.url, found)
    assert all(f"| {one.name} | {one.chosen} |" in text for one in QUESTIONS)


async def test_the_probe_counts_what_a_flood_is_told(gateway: Gateway) -> None:
    """Each frame of a flood is served, or told of, or known to have got no answer."""
    served = f"{FLOOD} served, others told [], 0 unanswered, connection open"
    assert await probe.flood(Endpoints("", gateway.url)) == served
    limits = Limits(rate=1, close_seconds=0.1)
    async with serve(MemoryStore(), limits=limits) as slow:
        found = await probe.flood(Endpoints("", slow.url))
        apart = await probe.throttled_apart(Endpoints("", slow.url))
    assert re.fullmatch(
        r"\d+ served, others told \['Too Many Requests'\], 0 unanswered, connection open", found
    )
    assert re.fullmatch(r"\d+ of 10 frames served for another route", apart)


async def test_the_probes_stack_does_as_it_is_told() -> None:
    """Its function fails, answers with another status and pushes when a frame asks for it."""
    aws = emulator()
    stack = synthesise(probe=True)
    name = f"{stack.name}-probe"
    template = json.loads((stack.folder / f"{name}.template.json").read_text())
    deploy(aws, name, deployable(template))
    made = {
        resource["ResourceType"]: resource["PhysicalResourceId"]
        for resource in aws.client("cloudformation").describe_stack_resources(StackName=name)[
            "StackResources"
        ]
    }
    path = f"/_aws/execute-api/{made['AWS::ApiGatewayV2::Api']}/probe"
    aws.client("lambda").update_function_configuration(
        FunctionName=made["AWS::Lambda::Function"],
        Environment={"Variables": {"CALLBACK_URL": f"{aws.url}{path}"}},
    )
    endpoints = Endpoints("", f"ws://127.0.0.1:{aws.port}{path}")
    assert await probe.other_status(endpoints) == '{"reply": {"status": 500}}, connection open'
    order = await probe.push_before_reply(endpoints)
    assert sorted(order.split(", ")) == ["push 0", "push 1", "push 2", "reply"]
