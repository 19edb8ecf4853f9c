"""Where log lines go, for as long as the settings say."""

from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from backend.infra.settings import RETENTION_DAYS, Settings

_RETENTIONS: Final = dict(
    zip(
        RETENTION_DAYS,
        (
            logs.RetentionDays.ONE_DAY,
            logs.RetentionDays.THREE_DAYS,
            logs.RetentionDays.ONE_WEEK,
            logs.RetentionDays.TWO_WEEKS,
            logs.RetentionDays.ONE_MONTH,
            logs.RetentionDays.THREE_MONTHS,
            logs.RetentionDays.SIX_MONTHS,
            logs.RetentionDays.ONE_YEAR,
        ),
        strict=True,
    )
)


def log_group(scope: Construct, id_: str, settings: Settings) -> logs.LogGroup:
    """A log group that is kept and removed as the settings say."""
    return logs.LogGroup(
        scope,
        id_,
        retention=_RETENTIONS[settings.retention],
        removal_policy=RemovalPolicy(settings.removal.upper()),
    )
