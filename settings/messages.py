"""The settings of messages: which provider carries which channel, and what it asks for.

A channel is on when its provider has all that it asks for, and off when it has nothing of it.
"""

from typing import Final, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

# What each provider of each channel cannot do without; EMAIL_FROM alone turns nothing on.
_NEEDS: Final = {
    ("email", "postmark"): ("postmark_token", "email_from"),
    ("email", "sendgrid"): ("sendgrid_api_key", "email_from"),
    ("sms", "kavenegar"): ("kavenegar_api_key",),
    ("sms", "twilio"): ("twilio_account_sid", "twilio_auth_token", "twilio_sms_sender"),
    ("whatsapp", "twilio"): ("twilio_account_sid", "twilio_auth_token", "twilio_whatsapp_sender"),
    ("whatsapp", "whatsapp_cloud"): (
        "whatsapp_access_token",
        "whatsapp_phone_number_id",
        "whatsapp_template",
    ),
}


class MessageSettings(BaseSettings):
    """A part of Settings, which says how they are read."""

    email_provider: Literal["postmark", "sendgrid"] = Field(
        "postmark", description="Who carries e-mail: postmark or sendgrid."
    )
    sms_provider: Literal["kavenegar", "twilio"] = Field(
        "kavenegar", description="Who carries SMS: kavenegar or twilio (which does not reach Iran)."
    )
    whatsapp_provider: Literal["whatsapp_cloud", "twilio"] = Field(
        "whatsapp_cloud",
        description="Who carries WhatsApp: whatsapp_cloud or twilio (neither reaches Iran).",
    )

    email_from: str | None = Field(None, description="Sender of e-mail, such as a@example.com.")
    postmark_token: SecretStr | None = Field(None, description="Turns on e-mail by Postmark.")
    postmark_base_url: str = Field(
        "https://api.postmarkapp.com", description="Postmark's host; the simulator's in a sandbox."
    )
    sendgrid_api_key: SecretStr | None = Field(None, description="Turns on e-mail by SendGrid.")
    sendgrid_base_url: str = Field(
        "https://api.sendgrid.com",
        description="SendGrid's host, in the EU https://api.eu.sendgrid.com.",
    )

    kavenegar_api_key: SecretStr | None = Field(None, description="Turns on SMS by Kavenegar.")
    kavenegar_sender: str | None = Field(
        None, description="Line that SMS come from; absent, the account's own."
    )
    kavenegar_base_url: str = Field(
        "https://api.kavenegar.com", description="Kavenegar's host; the simulator's in a sandbox."
    )
    twilio_account_sid: str | None = Field(None, description="Names the account at Twilio.")
    twilio_auth_token: SecretStr | None = Field(
        None, description="Turns on Twilio, where it is chosen, and signs its reports."
    )
    twilio_sms_sender: str | None = Field(
        None, description="Number or messaging service (MG...) that SMS by Twilio come from."
    )
    twilio_whatsapp_sender: str | None = Field(
        None, description="Number that WhatsApp by Twilio comes from, as +E164."
    )
    twilio_content_sid_fa: str | None = Field(
        None,
        description="Approved template in Persian whose {{1}} is the text; absent, no template.",
    )
    twilio_content_sid_en: str | None = Field(None, description="The same in English.")
    twilio_base_url: str = Field(
        "https://api.twilio.com", description="Twilio's host; the simulator's in a sandbox."
    )

    whatsapp_access_token: SecretStr | None = Field(
        None, description="Turns on WhatsApp by the Cloud API."
    )
    whatsapp_phone_number_id: str | None = Field(
        None, description="Id (not the number) of the phone that WhatsApp comes from."
    )
    whatsapp_template: str | None = Field(
        None, description="Template approved in fa and en, whose body has {{1}} for the text."
    )
    whatsapp_api_version: str = Field(
        "v24.0",
        pattern=r"^v[0-9]+\.[0-9]+$",
        description="Version of the Graph API that is called.",
    )
    whatsapp_base_url: str = Field(
        "https://graph.facebook.com",
        description="The Cloud API's host; the simulator's in a sandbox.",
    )

    @model_validator(mode="after")
    def _channels_are_whole(self) -> Self:
        for channel in ("email", "sms", "whatsapp"):
            name = f"{channel}_provider"
            provider = getattr(self, name)
            needs = _NEEDS[channel, provider]
            missing = [need for need in needs if not getattr(self, need)]
            is_meant = provider != type(self).model_fields[name].default or any(
                getattr(self, need) for need in needs if need != "email_from"
            )
            if missing and is_meant:
                wanted = ", ".join(need.upper() for need in missing)
                raise ValueError(f"{name.upper()}={provider} needs {wanted}")
        return self

    def carries(self, channel: str) -> str | None:
        """Return the provider of a channel that is on."""
        provider: str = getattr(self, f"{channel}_provider")
        is_on = all(getattr(self, need) for need in _NEEDS[channel, provider])
        return provider if is_on else None
