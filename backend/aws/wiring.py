"""The service, put together of what AWS has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, cast

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from backend.aws import faults
from backend.aws.connections import ApiConnections, ManagementApi
from backend.aws.dynamodb import DynamoDB, DynamoDBStore
from backend.aws.metrics import EmbeddedMetrics
from backend.aws.watched import Watched
from backend.core.ports import Clock
from backend.core.service import Service
from backend.handlers.entry import Handler

# A client waits for its reply no longer than 29 s; a push is worth less patience than a move.
STORE_CONFIG: Final = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)
PUSH_CONFIG: Final = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the stack tells the function. ``life`` is how long a game lives, seconds."""

    table: str
    callback_url: str
    stack: str
    life: int

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        return cls(
            table=environment["TABLE_NAME"],
            callback_url=environment["CALLBACK_URL"],
            stack=environment["STACK_NAME"],
            life=int(environment["GAME_LIFE_SECONDS"]),
        )


class TwoServices(Loader):
    """botocore's data, without a search through every service of AWS.

    That search would cost each cold start more than all of this program's own code.
    """

    def list_available_services(self, _type_name: str) -> list[str]:
        return ["apigatewaymanagementapi", "dynamodb"]


def make_session() -> Session:
    """A session for the clients that `assemble` makes."""
    session = Session()
    session.register_component("data_loader", TwoServices())
    return session


class Function:
    """What the platform calls with each event: the handler, which says that it is heard of."""

    def __init__(self, handler: Handler, metrics: EmbeddedMetrics) -> None:
        self._handler = handler
        self._metrics = metrics

    def __call__(self, event: dict[str, Any], context: object = None) -> dict[str, Any]:
        self._metrics.beat()
        return self._handler(event, context)


def assemble(
    session: Session, surroundings: Surroundings, clock: Clock, metrics: EmbeddedMetrics
) -> Function:
    """The function on AWS, with the two clients it needs."""
    dynamodb = Watched(
        session.create_client("dynamodb", config=STORE_CONFIG),
        faults.is_answer,
        metrics.count_table_failure,
    )
    api = Watched(
        session.create_client(
            "apigatewaymanagementapi", config=PUSH_CONFIG, endpoint_url=surroundings.callback_url
        ),
        faults.is_gone,
        metrics.count_connection_failure,
    )
    service = Service(
        DynamoDBStore(cast("DynamoDB", dynamodb), surroundings.table),
        ApiConnections(cast("ManagementApi", api)),
        clock,
        metrics,
        life=surroundings.life,
    )
    return Function(Handler(service), metrics)
