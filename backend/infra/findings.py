"""Findings of the rule packs that are meant to be, each with its reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Says why what this rule of cdk-nag finds in the construct is meant to be."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
