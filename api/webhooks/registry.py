"""The providers whose reports this deployment takes: those that it can tell from a forger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from api.paths import PREFIX
from api.webhooks.call import Messenger, Webhook
from api.webhooks.kavenegar import Kavenegar
from api.webhooks.postmark import Postmark
from api.webhooks.sendgrid import SendGrid
from api.webhooks.twilio import Twilio
from api.webhooks.whatsapp import WhatsApp
from domain.errors import NotFound
from domain.messages.delivery import WebhookKeys


@dataclass(frozen=True)
class Webhooks:
    by_name: Mapping[Messenger, Webhook] = field(repr=False)

    @classmethod
    def of(cls, keys: WebhookKeys, api_url: str) -> Self:
        """Take what is set up. `api_url` is scheme and host by which the world reaches us."""
        found: dict[Messenger, Webhook] = {}
        if keys.postmark:
            found[Messenger.POSTMARK] = Postmark(*keys.postmark)
        if keys.sendgrid:
            found[Messenger.SENDGRID] = SendGrid.of(keys.sendgrid)
        if keys.twilio:
            url = f"{api_url.rstrip('/')}{PREFIX}/webhooks/{Messenger.TWILIO}/"
            found[Messenger.TWILIO] = Twilio(keys.twilio, url)
        if keys.whatsapp:
            found[Messenger.WHATSAPP] = WhatsApp(*keys.whatsapp)
        if keys.kavenegar:
            found[Messenger.KAVENEGAR] = Kavenegar(keys.kavenegar)
        return cls(found)

    def named(self, messenger: Messenger) -> Webhook:
        """Return a provider's webhook.

        Raises:
            NotFound: It is not set up, which is nobody's business.
        """
        found = self.by_name.get(messenger)
        if found is None:
            raise NotFound("There is nothing of this name.")
        return found
