"""What goes wrong between here and AWS, and passes by itself. Imports core and botocore."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore import exceptions
from botocore.exceptions import ClientError

from backend.core.ports import Busy

UNANSWERED: Final = (exceptions.ConnectionError, exceptions.HTTPClientError)
"""No connection, or no answer in time."""

_THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    }
)


def code_of(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def status_of(error: ClientError) -> int:
    """The HTTP status of the answer, which also tells errors that botocore does not know."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


@contextmanager
def busy() -> Iterator[None]:
    """Makes throttling, contention, time-outs and the database's own faults `Busy`."""
    try:
        yield
    except UNANSWERED as error:
        raise Busy from error
    except ClientError as error:
        if code_of(error) not in _THROTTLED and status_of(error) < 500:
            raise
        raise Busy from error
