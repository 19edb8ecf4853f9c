"""The synthesised stack, deployed to an AWS that nobody here wrote, and played through sockets."""

import json
import platform
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from backend.aws import items
from backend.core.game import Game
from shared.board import tile_of
from tests.backend.aws.emulator import emulator
from tests.backend.infra.deployment import (
    KNOWN_SPELLING,
    UNKNOWN_TYPE,
    Deployment,
    deploy,
    deployment,
    is_computed_alarm,
)
from tests.backend.local.peer import Frame, Peer, peer, seated
from tests.e2e.players import Person, person
from tests.proofs.counts import count
from tui.client.state import ConnectionStatus
from tui.options import JoinGame

pytestmark = pytest.mark.skipif(
    platform.system() != "Linux", reason="the emulator runs the asset, which is made for Linux"
)

RACERS = 50
ROUNDS = count(4, 20)


@pytest.fixture(scope="module")
def stack() -> Deployment:
    return deployment()


@asynccontextmanager
async def people(stack: Deployment, number: int) -> AsyncIterator[list[Peer]]:
    """So many connections to the deployed endpoint."""
    async with AsyncExitStack() as sockets:
        yield [await sockets.enter_async_context(peer(stack.endpoint)) for _ in range(number)]


def move(code: str, moves: str) -> dict[str, Any]:
    """The last of these moves, made by somebody who saw those before it."""
    tile = tile_of(int(moves[-1]))
    return {"type": "play", "id": code, "tile": tile, "after": moves[:-1]}


async def play(players: list[Peer], code: str, moves: str, *, after: str = "") -> Frame:
    """Plays on in turn, each move heard of by the opponent; the reply to the last."""
    reply: Frame = {}
    for place in range(len(after) + 1, len(moves) + 1):
        mover, other = players[1 - place % 2], players[place % 2]
        reply = await mover.ask(**move(code, moves[:place]))
        assert await other.pushed() == reply
    return reply


def stored(stack: Deployment, code: str) -> Game:
    """The game as the deployed table keeps it."""
    answer = stack.aws.client("dynamodb").get_item(
        TableName=stack.table, Key={"GameId": {"S": code}}, ConsistentRead=True
    )
    return items.game_of(answer["Item"])


async def test_a_game_is_won(stack: Deployment) -> None:
    """Two people play to a win, and the history that is stored is the one they saw."""
    async with people(stack, 2) as players:
        code = await seated(*players)
        game = (await play(players, code, "03142"))["game"]
        assert (game["status"], game["winner"], game["lines"]) == ("won", "x", [[0, 1, 2]])
        assert (await players[1].ask(type="ping", id=code))["game"] == game
        match = stored(stack, code)
        assert (match.moves, match.status, match.rev) == ("03142", "won", game["rev"])


async def test_a_game_is_drawn(stack: Deployment) -> None:
    """Two people play nine moves without a line."""
    async with people(stack, 2) as players:
        code = await seated(*players)
        game = (await play(players, code, "012435867"))["game"]
        assert (game["status"], game["winner"], game["series"]["drawn"]) == ("drawn", None, 1)


async def test_a_race_for_one_turn(stack: Deployment) -> None:
    """Of 50 moves on their way at once for one turn exactly one is played, twenty times."""
    async with people(stack, 2) as (ada, bob):
        for number in range(ROUNDS):
            code = await seated(ada, bob)
            for racer in range(RACERS):
                await ada.send(**move(code, f"{racer % 9}"), ref=f"{racer}")
            replies: list[Frame] = []
            while len(replies) < RACERS:
                frame = await ada.next()
                replies += [frame] if "ref" in frame else []
            won = {reply["tile"] for reply in replies if reply["type"] == "play"}
            lost = {reply["code"] for reply in replies if reply["type"] == "error"}
            assert (len(won), lost) == (1, {"stale"}), number
            truth = (await bob.ask(type="ping", id=code))["game"]
            assert len(truth["moves"]) == 1
            assert all(reply["game"] == truth for reply in replies)
            bob.forget()


async def test_a_third_joiner(stack: Deployment) -> None:
    """Nobody gets a seat that is taken."""
    async with people(stack, 3) as (ada, bob, eve):
        code = await seated(ada, bob)
        reply = await eve.ask(type="join", id=code)
        assert (reply["type"], reply["code"]) == ("error", "game_full")


async def test_a_lost_connection_is_resumed(stack: Deployment) -> None:
    """A player whose connection broke is shown as away, comes back on another, and plays on."""
    async with people(stack, 2) as (ada, bob):
        started = await ada.ask(type="start")
        code, token = started["id"], started["token"]
        await bob.ask(type="join", id=code)
        await ada.pushed()
        await play([ada, bob], code, "40")
        ada.socket.transport.abort()
        away = await bob.pushed()
        assert (away["type"], away["mark"], away["online"]) == ("presence", "x", False)
        assert away["game"]["players"]["x"]["away"] == "lost"
        async with people(stack, 1) as (again,):
            resumed = await again.ask(type="resume", id=code, token=token)
            back = await bob.pushed()
            assert (resumed["mark"], back["online"]) == ("x", True)
            assert resumed["game"] == back["game"]
            game = (await play([again, bob], code, "40852", after="40"))["game"]
            assert (game["moves"], game["status"]) == ("40852", "playing")


async def test_a_stale_move(stack: Deployment) -> None:
    """Who plays from a history that is not the game's is shown the game, and changes nothing."""
    async with people(stack, 2) as (ada, bob):
        code = await seated(ada, bob)
        game = (await play([ada, bob], code, "40"))["game"]
        reply = await ada.ask(**move(code, "418"))
        assert (reply["code"], reply["game"]) == ("stale", game)
        assert stored(stack, code).moves == "40"


async def test_the_lobby(stack: Deployment) -> None:
    """A listed game is offered while it waits, can be watched while it runs, and then is gone."""
    async with people(stack, 3) as (ada, bob, eve):

        async def listed(kind: str) -> dict[str, Frame]:
            games = (await eve.ask(type="list", kind=kind))["games"]
            return {game["id"]: game for game in games}

        code = (await ada.ask(type="start", name="Ada", listed=True, clock=30))["id"]
        line = (await listed("open"))[code]
        assert line["names"] == {"x": "Ada", "o": None}
        assert (line["mark"], line["clock"]) == ("o", 30)
        await bob.ask(type="join", id=code, name="Bob")
        await ada.pushed()
        assert code not in await listed("open")
        assert (await listed("live"))[code]["names"] == {"x": "Ada", "o": "Bob"}
        await play([ada, bob], code, "03142")
        assert code not in await listed("live")


async def test_a_watcher(stack: Deployment) -> None:
    """Who watches hears of every move and can make none."""
    async with people(stack, 3) as (ada, bob, eve):
        code = await seated(ada, bob)
        await eve.ask(type="watch", id=code)
        for place, mover in enumerate((ada, bob), 1):
            reply = await mover.ask(**move(code, "40"[:place]))
            assert await eve.pushed() == reply
        assert (await eve.ask(**move(code, "408")))["code"] == "not_seated"


async def test_strangers_meet(stack: Deployment) -> None:
    """Two who look for any opponent are seated at one table."""
    async with people(stack, 2) as (ada, bob):
        first = await ada.ask(type="match", name="Ada", clock=599)
        second = await bob.ask(type="match", name="Bob", clock=599)
        assert (first["type"], second["type"]) == ("init", "join")
        assert first["id"] == second["id"] == (await ada.pushed())["id"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"type": "teleport", "ref": "1"}', "unknown_type"),
        ('{"type": "$disconnect", "ref": "1"}', "unknown_type"),
        ('{"type": "$connect", "ref": "1"}', "unknown_type"),
        ('{"ref": "1"}', "unknown_type"),
        ("hello", "bad_json"),
        ("[1]", "bad_json"),
    ],
)
async def test_what_is_no_request(stack: Deployment, frame: str, code: str) -> None:
    """What is no request of the protocol is answered, and reaches none of the platform's routes."""
    async with people(stack, 2) as (ada, bob):
        game = await seated(ada, bob)
        await ada.socket.send(frame)
        reply = await ada.next()
        assert (reply["type"], reply["code"]) == ("error", code)
        assert (await bob.ask(type="ping", id=game))["game"]["players"]["x"]["online"]


async def until_played(person: Person, moves: str) -> None:
    await person.until(
        lambda state: any(table.game.moves == moves for table in state.tables.values())
    )


async def test_the_app_plays_on_it(stack: Deployment, tmp_path: Path) -> None:
    """Two people at two terminals play a whole game on the deployed stack."""
    async with person(stack.endpoint, tmp_path / "ada", "Ada") as ada:
        await ada.until(lambda state: state.connection is ConnectionStatus.ONLINE)
        await ada.press("n", "enter")
        await ada.until(lambda state: bool(state.tables))
        async with person(stack.endpoint, tmp_path / "bob", "Bob", JoinGame(ada.game.id)) as bob:
            for who in (ada, bob):
                await who.until(lambda state: any(t.game.turn for t in state.tables.values()))
            moves = "03142"
            for place, cell in enumerate(moves):
                await (ada, bob)[place % 2].press(str(int(cell) + 1))
                for who in (ada, bob):
                    await until_played(who, moves[: place + 1])
            assert (ada.shows(), bob.shows()) == (moves, moves)
            assert ada.sentence() == "You win: the top row"


# What the emulator's gaps need must be needed: whatever it learns is to be taken back here.


def test_route_responses_are_still_unknown_to_the_emulator() -> None:
    """Its CloudFormation cannot make a two-way route, so that the deployed copy has none."""
    api = {"ProtocolType": "WEBSOCKET", "Name": "a", "RouteSelectionExpression": KNOWN_SPELLING}
    route = {"ApiId": {"Ref": "Api"}, "RouteKey": "$default"}
    response = {
        "ApiId": {"Ref": "Api"},
        "RouteId": {"Ref": "Route"},
        "RouteResponseKey": "$default",
    }
    template = {
        "Resources": {
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": api},
            "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
            "Response": {"Type": UNKNOWN_TYPE, "Properties": response},
        }
    }
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        deploy(emulator(), "two-way", template)


def test_computed_alarms_are_still_refused_by_the_emulator(stack: Deployment) -> None:
    """Its CloudWatch computes nothing, so that the deployed copy is without these alarms."""
    alarms = {
        name: resource
        for name, resource in stack.stack.template["Resources"].items()
        if is_computed_alarm(resource)
    }
    assert len(alarms) == 2
    template = json.loads(re.sub(r'\{"Ref": "[^"]+"\}', '"one"', json.dumps(alarms)))
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        deploy(emulator(), "computed", {"Resources": template})


async def test_the_emulator_still_spells_selection_its_own_way() -> None:
    """It selects no route by the expression that AWS understands."""
    aws = emulator()
    gateway = aws.client("apigatewayv2")
    api = gateway.create_api(
        Name="selection", ProtocolType="WEBSOCKET", RouteSelectionExpression="${request.body.type}"
    )["ApiId"]
    for key in ("ping", "$default"):
        integration = gateway.create_integration(ApiId=api, IntegrationType="MOCK")["IntegrationId"]
        gateway.create_integration_response(
            ApiId=api,
            IntegrationId=integration,
            IntegrationResponseKey="$default",
            ResponseTemplates={"$default": json.dumps({"route": key})},
        )
        gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="prod")
    url = f"ws://127.0.0.1:{aws.port}/_aws/execute-api/{api}/prod"
    selected = []
    for expression in ("${request.body.type}", KNOWN_SPELLING):
        gateway.update_api(ApiId=api, RouteSelectionExpression=expression)
        async with peer(url) as client:
            await client.send(type="ping")
            selected.append((await client.next())["route"])
    assert selected == ["$default", "ping"]


def test_the_deployed_stack_says_where_it_would_be_on_aws(stack: Deployment) -> None:
    """Endpoint and callback are AWS's own addresses, so that both are changed to the emulator's."""
    host = f"{stack.api}.execute-api.eu-west-1.amazonaws.com"
    outputs = stack.outputs()
    assert outputs.keys() == {"websocketEndpoint", "dashboard", "logGroup"}
    assert outputs["websocketEndpoint"] == f"wss://{host}/prod"
    assert outputs["dashboard"].startswith("https://eu-west-1.console.aws.amazon.com/cloudwatch/")
    assert stack.deployed_callback == f"https://{host}/prod"
    assert stack.selection == "${request.body.type}"
