"""What an AWS account has before anything is deployed to it. It is asked, and never changed."""

import os
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from botocore.session import Session

_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_PATIENCE: Final = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
)


class CannotAsk(Exception):
    """The account cannot be asked; the message is a sentence that says why."""


class NotAllowed(Exception):
    """These credentials may not ask that."""


class Account:
    """The account and region that these options and the environment mean."""

    def __init__(self, profile: str | None = None, region: str | None = None) -> None:
        self._profile = profile
        # botocore looks for AWS_DEFAULT_REGION only; the CDK looks for this one first.
        self._region = region or os.environ.get("AWS_REGION")

    def toolkit_version(self, qualifier: str) -> int | None:
        """The version of the CDK's toolkit; None where it was never made.

        Raises:
            CannotAsk: there are no credentials, no region, or no answer.
            NotAllowed: the credentials do not allow it.
        """
        name = f"/cdk-bootstrap/{qualifier}/version"
        found = self._ask("ssm", "get_parameter", "ParameterNotFound", Name=name)
        return None if found is None else int(found["Parameter"]["Value"])

    def has_stack(self, name: str) -> bool:
        """Whether there is a stack of this name. Raises as `toolkit_version` does."""
        found = self._ask("cloudformation", "describe_stacks", "ValidationError", StackName=name)
        return found is not None and any(
            stack["StackStatus"] != "DELETE_COMPLETE" for stack in found["Stacks"]
        )

    def _ask(self, service: str, operation: str, missing: str, **request: str) -> Any:
        """The answer; None when what was asked for is not there, which this code says."""
        try:
            session = Session(profile=self._profile)
            client = session.create_client(service, region_name=self._region, config=_PATIENCE)
            return getattr(client, operation)(**request)
        except NoRegionError:
            raise CannotAsk("No region is chosen: set AWS_REGION, or add --region.") from None
        except BotoCoreError as error:
            raise CannotAsk(f"AWS cannot be asked: {_sentence(error)}") from None
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == missing:
                return None
            if code in _DENIED:
                raise NotAllowed from None
            raise CannotAsk(f"AWS refuses these credentials: {_sentence(error)}") from None


def _sentence(error: Exception) -> str:
    text = str(error).strip()
    return text if text.endswith(".") else f"{text}."
