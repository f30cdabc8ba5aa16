"""Which provider stands behind each channel, as the settings choose."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from composition import message_gateways
from domain.messages.notice import Channel
from gateways.kavenegar import Kavenegar
from gateways.postmark import Postmark
from gateways.sendgrid import SendGrid
from gateways.twilio import Twilio, TwilioWhatsApp
from gateways.whatsapp_cloud import WhatsAppCloud
from settings import Settings
from tests.test_settings import GIVEN

EVERY: dict[str, str] = {
    "EMAIL_FROM": "assets@example.com",
    "POSTMARK_TOKEN": "hidden-postmark",
    "SENDGRID_API_KEY": "SG.hidden",
    "KAVENEGAR_API_KEY": "hidden-kavenegar",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "hidden-twilio",
    "TWILIO_SMS_SENDER": "+15005550006",
    "TWILIO_WHATSAPP_SENDER": "+15005550007",
    "TWILIO_CONTENT_SID_FA": "HX1",
    "WHATSAPP_ACCESS_TOKEN": "hidden-whatsapp",
    "WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
    "WHATSAPP_TEMPLATE": "notice",
}
OTHERS = {"EMAIL_PROVIDER": "sendgrid", "SMS_PROVIDER": "twilio", "WHATSAPP_PROVIDER": "twilio"}


def read(**given: str) -> Settings:
    values: dict[str, Any] = {name.lower(): value for name, value in (GIVEN | given).items()}
    return Settings(_env_file=None, debug=True, **values)


def chosen(**given: str) -> dict[Channel, Any]:
    return dict(message_gateways.chosen(read(**given), httpx.AsyncClient()))


@pytest.fixture(autouse=True)
def folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*EVERY, *OTHERS, "API_URL"):
        monkeypatch.delenv(name, raising=False)


def test_without_credentials_nothing_is_sent() -> None:
    assert chosen() == {}
    assert chosen(EMAIL_FROM="assets@example.com", POSTMARK_TOKEN="", KAVENEGAR_API_KEY="") == {}


def test_the_usual_ones_need_no_choice() -> None:
    found = chosen(**EVERY)

    assert {channel: type(one) for channel, one in found.items()} == {
        Channel.EMAIL: Postmark,
        Channel.SMS: Kavenegar,
        Channel.WHATSAPP: WhatsAppCloud,
    }
    assert (found[Channel.EMAIL].token, found[Channel.SMS].key) == (
        "hidden-postmark",
        "hidden-kavenegar",
    )
    cloud = found[Channel.WHATSAPP]
    assert (cloud.base_url, cloud.version) == ("https://graph.facebook.com", "v24.0")
    assert (cloud.token, cloud.phone_number_id, cloud.template) == (
        "hidden-whatsapp",
        "106540352242922",
        "notice",
    )


def test_the_others_are_chosen_by_name() -> None:
    found = chosen(**EVERY, **OTHERS, API_URL="https://api.example.com/")

    assert {channel: type(one) for channel, one in found.items()} == {
        Channel.EMAIL: SendGrid,
        Channel.SMS: Twilio,
        Channel.WHATSAPP: TwilioWhatsApp,
    }
    assert (found[Channel.EMAIL].key, found[Channel.EMAIL].sender) == (
        "SG.hidden",
        "assets@example.com",
    )
    assert found[Channel.SMS].sender == "+15005550006"
    whatsapp = found[Channel.WHATSAPP]
    assert (whatsapp.sender, whatsapp.templates) == ("+15005550007", {"fa": "HX1"})
    assert (whatsapp.account.sid, whatsapp.account.token) == ("AC1", "hidden-twilio")
    assert whatsapp.account.callback_url == "https://api.example.com/api/v1/webhooks/twilio/"


def test_nobody_is_told_to_report_to_an_address_that_is_a_guess() -> None:
    found = chosen(**EVERY, **OTHERS)

    assert found[Channel.SMS].account.callback_url is None


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"POSTMARK_TOKEN": "hidden"}, "EMAIL_PROVIDER=postmark needs EMAIL_FROM"),
        ({"EMAIL_PROVIDER": "sendgrid"}, "needs SENDGRID_API_KEY, EMAIL_FROM"),
        ({"SMS_PROVIDER": "twilio", "KAVENEGAR_API_KEY": "hidden"}, "needs TWILIO_ACCOUNT_SID"),
        (
            {"SMS_PROVIDER": "twilio", **EVERY, "TWILIO_SMS_SENDER": ""},
            "SMS_PROVIDER=twilio needs TWILIO_SMS_SENDER",
        ),
        ({"WHATSAPP_PROVIDER": "twilio", "TWILIO_ACCOUNT_SID": "AC1"}, "needs TWILIO_AUTH_TOKEN"),
        ({"WHATSAPP_ACCESS_TOKEN": "hidden"}, "needs WHATSAPP_PHONE_NUMBER_ID, WHATSAPP_TEMPLATE"),
        ({"EMAIL_PROVIDER": "mailgun"}, "postmark"),
        ({"WHATSAPP_API_VERSION": "24"}, "whatsapp_api_version"),
    ],
)
def test_half_a_provider_is_refused_at_the_start(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint) as error:
        read(**given)

    assert "hidden" not in str(error.value)


def test_no_credential_is_shown() -> None:
    assert "hidden" not in f"{chosen(**EVERY)} {chosen(**EVERY, **OTHERS)} {read(**EVERY)!r}"
