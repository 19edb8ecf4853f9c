"""The service, put together of what AWS has."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

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
# Parameters are not checked against the model: those of each call are fixed, and tested.
_COMMON: Final = Config(
    connect_timeout=1,
    read_timeout=2,
    tcp_keepalive=True,
    parameter_validation=False,
    user_agent="noughts-tui",
)
STORE_CONFIG: Final = _COMMON.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 3}),
)
PUSH_CONFIG: Final = _COMMON.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 2}),
)

ROOTS: Final = Path(__file__).with_name("roots.pem")
"""Amazon's own roots: each new connection reads the file, and botocore's has 126 certificates."""
_OTHER_ENDPOINTS: Final = ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the stack tells the function.

    ``life`` is how long a game lives, seconds; ``roots`` the certificates to trust, None for those
    that botocore finds by itself.
    """

    table: str
    callback_url: str
    stack: str
    life: int
    roots: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        return cls(
            table=environment["TABLE_NAME"],
            callback_url=environment["CALLBACK_URL"],
            stack=environment["STACK_NAME"],
            life=int(environment["GAME_LIFE_SECONDS"]),
            roots=_roots(environment),
        )


def _roots(environment: Mapping[str, str]) -> str | None:
    """Amazon's roots, where nobody else's endpoint or certificates are meant."""
    own = any(environment.get(name) for name in _OTHER_ENDPOINTS)
    host = urlsplit(environment["CALLBACK_URL"]).hostname or ""
    return None if own or not host.endswith(".amazonaws.com") else str(ROOTS)


class TwoServices(Loader):
    """botocore's data, without a search through every service of AWS, and its list of endpoints.

    Either would cost each cold start more than all of this program's own code. The endpoints of
    both clients follow from their own rules.
    """

    def list_available_services(self, _type_name: str) -> list[str]:
        return ["apigatewaymanagementapi", "dynamodb"]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        if name == "endpoints":
            return _ENDPOINTS, ""
        loaded: tuple[Any, str] = super().load_data_with_path(name)
        return loaded


# The only partition that the stack is made for, as far as botocore's own resolver asks for it.
_ENDPOINTS: Final = {
    "version": 3,
    "partitions": [
        {
            "partition": "aws",
            "dnsSuffix": "amazonaws.com",
            "regionRegex": r"^[a-z]{2}-\w+-\d+$",
            "regions": {},
            "services": {},
            "defaults": {
                "hostname": "{service}.{region}.{dnsSuffix}",
                "protocols": ["https"],
                "signatureVersions": ["v4"],
            },
        }
    ],
}


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
        session.create_client("dynamodb", config=STORE_CONFIG, verify=surroundings.roots),
        faults.is_answer,
        metrics.count_table_failure,
    )
    api = Watched(
        session.create_client(
            "apigatewaymanagementapi",
            config=PUSH_CONFIG,
            endpoint_url=surroundings.callback_url,
            verify=surroundings.roots,
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
