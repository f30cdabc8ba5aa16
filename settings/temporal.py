"""The settings of the way to Temporal: where it is, and how each side proves who it is."""

from pathlib import Path
from typing import NotRequired, Self, TypedDict

from pydantic import Field, FilePath, SecretStr, model_validator
from pydantic_settings import BaseSettings


class TemporalAccess(TypedDict):
    address: str
    namespace: str
    keys: dict[str, bytes]
    api_key: str | None
    tls: bool
    server_ca: NotRequired[Path | None]
    client_cert: NotRequired[Path | None]
    client_key: NotRequired[Path | None]


class TemporalSettings(BaseSettings):
    """A part of Settings, which says how they are read."""

    temporal_address: str = Field("localhost:7233", description="Temporal frontend, host:port.")
    temporal_namespace: str = Field("default", description="Temporal namespace.")
    temporal_api_key: SecretStr | None = Field(
        None, description="For Temporal Cloud; turns on TLS."
    )
    temporal_tls: bool = Field(False, description="TLS to a self-hosted Temporal.")
    temporal_tls_server_ca: FilePath | None = Field(
        None, description="File of the authority that Temporal's certificate is of; turns on TLS."
    )
    temporal_tls_cert: FilePath | None = Field(
        None, description="File of the certificate that Temporal knows us by; turns on TLS."
    )
    temporal_tls_key: FilePath | None = Field(
        None, description="File of that certificate's private key."
    )

    @model_validator(mode="after")
    def _certificate_has_a_key(self) -> Self:
        if (self.temporal_tls_cert is None) != (self.temporal_tls_key is None):
            raise ValueError("TEMPORAL_TLS_CERT needs TEMPORAL_TLS_KEY, and the reverse")
        return self

    def temporal_access(self, keys: dict[str, bytes]) -> TemporalAccess:
        key = self.temporal_api_key
        return {
            "address": self.temporal_address,
            "namespace": self.temporal_namespace,
            "keys": keys,
            "api_key": key.get_secret_value() if key else None,
            "tls": self.temporal_tls,
            "server_ca": self.temporal_tls_server_ca,
            "client_cert": self.temporal_tls_cert,
            "client_key": self.temporal_tls_key,
        }
