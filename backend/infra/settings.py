"""What a deployment can choose, as CDK context: ``-c memory=1024``.

The defaults stand here and nowhere else; `docs/deploy.md` says what each is for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Final, Literal, Self, get_args, get_type_hints

Architecture = Literal["arm64", "x86_64"]
PythonVersion = Literal["3.11", "3.12", "3.13", "3.14"]
Removal = Literal["destroy", "retain"]
AddressFamily = Literal["dualstack", "ipv4"]

NEWEST_PYTHON: Final = get_args(PythonVersion)[-1]
RETENTION_DAYS: Final = (1, 3, 7, 14, 30, 90, 180, 365)


class InvalidSetting(ValueError):
    """No such setting, or not with that value; the message begins with the setting's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every choice with its default. An empty text and a 0 mean: without it.

    ``rate`` is requests a second, ``retention`` days, ``life`` hours after the last change,
    ``budget`` dollars a month.
    """

    name: str = "noughts-tui"
    stage: str = "prod"
    architecture: Architecture = "arm64"
    python: PythonVersion = "3.13"
    memory: int = 512
    concurrency: int = 0
    rate: int = 1000
    burst: int = 500
    retention: int = 14
    removal: Removal = "destroy"
    life: int = 6
    email: str = ""
    encrypted_alarms: bool = False
    budget: int = 0
    ip: AddressFamily = "dualstack"
    domain: str = ""
    certificate: str = ""
    access_logs: bool = False
    boundary: str = ""
    probe: bool = False

    def __post_init__(self) -> None:
        for name, allowed in _RANGES.items():
            if (value := getattr(self, name)) not in allowed:
                raise InvalidSetting(
                    f"{name}: {value} is not within {allowed.start} and {allowed.stop - 1}"
                )
        if self.retention not in RETENTION_DAYS:
            raise InvalidSetting(
                f"retention: {self.retention} is none of {', '.join(map(str, RETENTION_DAYS))}"
            )
        if bool(self.domain) != bool(self.certificate):
            raise InvalidSetting("domain: needs a certificate, and a certificate a domain")
        for name in ("encrypted_alarms", "budget"):
            if getattr(self, name) and not self.email:
                raise InvalidSetting(f"{name}: needs an email, where it is sent to")
        for name, form in _FORMS.items():
            if not form.fullmatch(text := getattr(self, name)):
                raise InvalidSetting(f"{name}: {text!r} is not in the form it must have")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))

    @classmethod
    def read(cls, context: Mapping[str, Any]) -> Self:
        """The settings in a CDK context, where the command line leaves text.

        Raises:
            InvalidSetting: a value is not one that the setting can have, or a name is nearly one.
        """
        # A context also holds what others put there, such as the CDK's own switches.
        for given in context.keys() - set(cls.names()):
            if option := get_close_matches(given.lower(), _OPTIONS, 1, _NEAR):
                raise InvalidSetting(f"{given}: no such setting; {_OPTIONS[option[0]]} says that")
            if meant := _nearest(given, cls.names()):
                raise InvalidSetting(f"{given}: no such setting; {meant} is one")
        kinds = get_type_hints(cls)
        return cls(
            **{
                name: _read(name, kinds[name], context[name])
                for name in cls.names()
                if context.get(name) is not None
            }
        )


# Where AWS is reached is no matter of the stack.
_OPTIONS: Final = {
    "profile": "--profile NAME, or AWS_PROFILE,",
    "qualifier": "--qualifier NAME",
    "region": "--region NAME, or AWS_REGION,",
}
_NEAR: Final = 0.75
_FEW: Final = 3


def _nearest(given: str, names: Sequence[str]) -> str | None:
    """The setting that a name must have been meant to be, if there is one."""
    written = given.lower().replace("-", "_")
    longer = [name for name in names if name.startswith(written) and len(written) >= _FEW]
    shorter = [name for name in names if written.startswith(f"{name}_")]
    close = get_close_matches(written, names, 1, _NEAR)
    return next(iter((*close, *longer, *shorter)), None)


_RANGES: Final = {
    "memory": range(128, 10241),
    "concurrency": range(10001),
    "rate": range(1, 10001),
    "burst": range(1, 5001),
    "life": range(1, 169),
    "budget": range(1_000_001),
}

_FORMS: Final = {
    "name": re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}"),
    "stage": re.compile(r"[A-Za-z0-9_-]{1,100}"),
    "email": re.compile(r"([^@\s]+@[^@\s]+)?"),
    "domain": re.compile(r"([a-z0-9-]+(\.[a-z0-9-]+)+)?"),
    "certificate": re.compile(r"(arn:\S+)?"),
    "boundary": re.compile(r"(arn:\S+|[\w+=,.@/-]+)?"),
}


def _read(name: str, kind: Any, value: Any) -> Any:
    text = str(value).strip()
    if choices := get_args(kind):
        if text not in choices:
            raise InvalidSetting(f"{name}: {text!r} is none of {', '.join(choices)}")
        return text
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise InvalidSetting(f"{name}: {text!r} is neither true nor false")
        return text.lower() == "true"
    if kind is int:
        if not text.isascii() or not text.isdigit():
            raise InvalidSetting(f"{name}: {text!r} is no whole number")
        return int(text)
    return text
