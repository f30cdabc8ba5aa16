"""One way to connect to Temporal, for workers, API, commands and tests alike."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from temporalio.client import Client, Interceptor, Plugin
from temporalio.common import HeaderCodecBehavior
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.runtime import Runtime
from temporalio.service import RetryConfig, TLSConfig

from engine.codec import EncryptionCodec
from engine.failures import BriefFailureConverter


def data_converter(keys: dict[str, bytes]) -> DataConverter:
    """Encrypt payloads, and the messages and stack traces of failures with them."""
    return replace(
        pydantic_data_converter,
        payload_codec=EncryptionCodec(keys),
        failure_converter_class=BriefFailureConverter,
    )


async def connect(  # noqa: PLR0913  (all but the address go by their names)
    address: str,
    *,
    namespace: str,
    keys: dict[str, bytes],
    api_key: str | None = None,
    tls: bool = False,
    server_ca: Path | None = None,
    client_cert: Path | None = None,
    client_key: Path | None = None,
    lazy: bool = False,
    runtime: Runtime | None = None,
    interceptors: Sequence[Interceptor] = (),
    plugins: Sequence[Plugin] = (),
) -> Client:
    """Connect; with `lazy` on the first call, so that reads can be served while Temporal is down.

    Args:
        address: ``host:port`` of the frontend.
        namespace: Temporal namespace.
        keys: AES-256 keys by id; the first one encrypts.
        api_key: For Temporal Cloud; turns on TLS.
        tls: TLS without an API key.
        server_ca: The authority that the server's certificate is of, if the machine does not
            trust it anyhow; turns on TLS.
        client_cert: What the server knows us by, with `client_key`; turns on TLS.
        client_key: The private key of that certificate.
        lazy: Do not fail now if the server is away.
        runtime: What the library measures and logs with; absent, it measures nothing.
        interceptors: Of all that this client sends, and of its workers.
        plugins: Of this client and of its workers.
    """
    return await Client.connect(
        address,
        namespace=namespace,
        data_converter=data_converter(keys),
        api_key=api_key,
        tls=_certificates(server_ca, client_cert, client_key) or tls or api_key is not None,
        lazy=lazy,
        runtime=runtime,
        interceptors=interceptors,
        plugins=plugins,
        # What travels beside a command is nobody else's business either.
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        # A caller over HTTP waits: while the server is away it should hear so soon.
        retry_config=RetryConfig(max_elapsed_time_millis=2_000, max_retries=4),
    )


def _certificates(*files: Path | None) -> TLSConfig | None:
    if not any(files):
        return None
    server_ca, client_cert, client_key = (file.read_bytes() if file else None for file in files)
    return TLSConfig(
        server_root_ca_cert=server_ca, client_cert=client_cert, client_private_key=client_key
    )
