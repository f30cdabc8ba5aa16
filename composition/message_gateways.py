"""The provider behind each channel, as the settings choose."""

from collections.abc import Callable, Mapping
from typing import Final

import httpx
from pydantic import SecretStr

from domain.messages.notice import Channel
from gateways.kavenegar import Kavenegar
from gateways.message import MessageGateway
from gateways.postmark import Postmark
from gateways.sendgrid import SendGrid
from gateways.twilio import Account, Twilio, TwilioWhatsApp
from gateways.whatsapp_cloud import WhatsAppCloud
from settings import Settings

REPORTS: Final = "/api/v1/webhooks/twilio/"
Build = Callable[[Settings, httpx.AsyncClient], MessageGateway]


def chosen(settings: Settings, http: httpx.AsyncClient) -> dict[Channel, MessageGateway]:
    """Build those that are set up; a channel without one sends nothing."""
    carriers = {channel: settings.carries(channel) for channel in Channel}
    return {
        channel: _BUILD[channel, carrier](settings, http)
        for channel, carrier in carriers.items()
        if carrier is not None
    }


def _postmark(settings: Settings, http: httpx.AsyncClient) -> MessageGateway:
    token = _secret(settings.postmark_token)
    return Postmark(http, settings.postmark_base_url, token, settings.email_from or "")


def _sendgrid(settings: Settings, http: httpx.AsyncClient) -> MessageGateway:
    key = _secret(settings.sendgrid_api_key)
    return SendGrid(http, settings.sendgrid_base_url, key, settings.email_from or "")


def _kavenegar(settings: Settings, http: httpx.AsyncClient) -> MessageGateway:
    key = _secret(settings.kavenegar_api_key)
    return Kavenegar(http, settings.kavenegar_base_url, key, settings.kavenegar_sender)


def _twilio(settings: Settings, http: httpx.AsyncClient) -> MessageGateway:
    sender = settings.twilio_sms_sender or ""
    return Twilio(http, settings.twilio_base_url, _account(settings), sender)


def _twilio_whatsapp(settings: Settings, http: httpx.AsyncClient) -> MessageGateway:
    named = {"fa": settings.twilio_content_sid_fa, "en": settings.twilio_content_sid_en}
    return TwilioWhatsApp(
        http,
        settings.twilio_base_url,
        _account(settings),
        settings.twilio_whatsapp_sender or "",
        {language: sid for language, sid in named.items() if sid},
    )


def _whatsapp_cloud(settings: Settings, http: httpx.AsyncClient) -> MessageGateway:
    return WhatsAppCloud(
        http,
        settings.whatsapp_base_url,
        _secret(settings.whatsapp_access_token),
        settings.whatsapp_phone_number_id or "",
        settings.whatsapp_template or "",
        settings.whatsapp_api_version,
    )


_BUILD: Final[Mapping[tuple[str, str], Build]] = {
    (Channel.EMAIL, "postmark"): _postmark,
    (Channel.EMAIL, "sendgrid"): _sendgrid,
    (Channel.SMS, "kavenegar"): _kavenegar,
    (Channel.SMS, "twilio"): _twilio,
    (Channel.WHATSAPP, "twilio"): _twilio_whatsapp,
    (Channel.WHATSAPP, "whatsapp_cloud"): _whatsapp_cloud,
}


def _account(settings: Settings) -> Account:
    # The default of API_URL is a guess, which Twilio would refuse as out of its reach.
    is_known = "api_url" in settings.model_fields_set
    callback_url = f"{settings.api_url.rstrip('/')}{REPORTS}" if is_known else None
    return Account(
        settings.twilio_account_sid or "", _secret(settings.twilio_auth_token), callback_url
    )


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""
