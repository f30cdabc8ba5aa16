"""The accounts that a sandbox has from its first start: their names and passwords."""

from dataclasses import dataclass

from sandbox.secrets import Secrets


@dataclass(frozen=True)
class Account:
    email: str
    password: str


def operator(secrets: Secrets) -> Account:
    return Account("operator@sandbox.example", secrets.operator_password)


def admin(secrets: Secrets) -> Account:
    return Account("admin@sandbox.example", secrets.admin_password)
