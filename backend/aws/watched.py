"""A client of AWS whose failures leave a trace, whatever becomes of them.

A failed call can end as `Busy`, as a lost push, as presence that stays as it was, or as a fault.
Some of these are silent by design. So failures are counted and logged here, where they arise.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from backend.aws import faults

_log: Final = logging.getLogger(__name__)


class Watched:
    """The client itself, but each call that fails is logged and told to ``failed``.

    Some errors are answers: a condition that does not hold, a connection that is gone.
    """

    def __init__(
        self,
        client: Any,
        is_answer: Callable[[ClientError], bool],
        failed: Callable[[], None],
    ) -> None:
        self._client = client
        self._is_answer = is_answer
        self._failed = failed

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        call = getattr(self._client, operation)

        def watched(**request: Any) -> dict[str, Any]:
            try:
                answer: dict[str, Any] = call(**request)
            except ClientError as error:
                if not self._is_answer(error):
                    # The code and no more: a message can repeat what was sent.
                    self._note(operation, f"{faults.status_of(error)} {faults.code_of(error)}")
                raise
            except faults.NO_ANSWER as error:
                self._note(operation, type(error).__name__)
                raise
            return answer

        # The next call finds it without coming here.
        setattr(self, operation, watched)
        return watched

    def _note(self, operation: str, cause: str) -> None:
        _log.warning("%s failed: %s", operation, cause)
        self._failed()
