"""How each provider of messages words a refusal."""

from typing import Final

from sandbox.gateway.envelope import Envelope

_SIMULATED: Final = "Simulated refusal."
_TWILIO_STATUS: Final = {20003: 401, 20404: 404, 20429: 429}


def postmark_refusal(code: int, message: str | None = None) -> Envelope:
    return {"ErrorCode": code, "Message": message or _SIMULATED}


def sendgrid_refusal(code: int, message: str | None = None) -> Envelope:
    """Its errors have no codes: what one is scripted to be is seen in the HTTP status alone."""
    said = message or f"{_SIMULATED} ({code})"
    return {"errors": [{"message": said, "field": None, "help": None}]}


def kavenegar_refusal(code: int, message: str | None = None) -> Envelope:
    return {"return": {"status": code, "message": message or _SIMULATED}, "entries": None}


def twilio_refusal(code: int, message: str | None = None) -> Envelope:
    return {
        "code": code,
        "message": message or _SIMULATED,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": twilio_status(code),
    }


def twilio_status(code: int) -> int:
    return _TWILIO_STATUS.get(code, 400)


def whatsapp_refusal(code: int, message: str | None = None) -> Envelope:
    said = message or _SIMULATED
    return {
        "error": {
            "message": f"(#{code}) {said}",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": said},
            "fbtrace_id": "AbCdEfGhIjKlMnOpQrStUvW",
        }
    }
