"""Wire forms of what people are told, and of which of it they want."""

from collections.abc import Iterator
from datetime import time
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

from api.schemas.common import ID, ID_3, NOW, Body, TimeOut
from domain.errors import PreferenceLocked, ValidationFailed
from domain.messages.notice import (
    SECURITY,
    WITH_SECRET,
    Channel,
    MessageStatus,
    NoticeKind,
    is_usual,
)
from domain.messages.sending import Quiet, zone_of
from domain.messages.writing import write
from models.queries.message_log import Logged
from models.queries.preferences import Wishes

NOTIFICATION: dict[str, Any] = {
    "id": ID,
    "channel": "sms",
    "kind": "ticket_requested",
    "message": "Sara Ahmadi asks to borrow “Tent for four” from 22 November to 25 November.",
    "status": "sent",
    "ticket_id": ID_3,
    "read_at": None,
    "created_at": NOW,
}
_QUIET: dict[str, Any] = {"starts": "22:30", "ends": "07:00", "time_zone": "Asia/Tehran"}
_CHOICES: list[Any] = [
    {"kind": "ticket_ended", "channel": "sms", "is_wanted": True, "is_locked": False},
    {"kind": "password_changed", "channel": "email", "is_wanted": True, "is_locked": True},
]
_MOST = 200  # more than there are
_CLOCK = "%H:%M"


class NotificationOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [NOTIFICATION]})
    id: UUID
    channel: Channel
    kind: NoticeKind
    message: str = Field(description="In the reader's language; never the secret of a message.")
    status: MessageStatus
    ticket_id: UUID | None = Field(description="The loan that it is about.")
    read_at: TimeOut | None
    created_at: TimeOut

    @classmethod
    def of(cls, logged: Logged) -> Self:
        row, locale = logged
        values = {name: getattr(row, name) for name in cls.model_fields if name != "message"}
        return cls(message=_said(row.kind, locale, row.facts), **values)


def _said(kind: NoticeKind, locale: str | None, facts: dict[str, Any]) -> str:
    """Say in a line what a message tells. One that holds a secret is told by its subject alone."""
    letter = write(kind, locale or "", facts, None, "")
    return letter.subject if kind in WITH_SECRET else letter.short


def _zone(name: str) -> str:
    if zone_of(name) is None:
        raise ValueError("There is no time zone of this name.")
    return name


Clock = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Zone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]


class QuietHours(Body):
    """From `starts` to `ends` each day, over midnight if it ends earlier, nothing is sent.

    It is sent when they are over. What concerns the account itself does not wait.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_QUIET]})
    starts: Clock
    ends: Clock
    time_zone: Zone = Field(description="A name of the IANA database.")

    @model_validator(mode="after")
    def _are_hours(self) -> Self:
        if self.starts == self.ends:
            raise ValueError("Quiet hours end at another time than they start.")
        return self

    def value(self) -> Quiet:
        starts, ends = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        return Quiet(starts, ends, self.time_zone)

    @classmethod
    def of(cls, quiet: Quiet) -> "QuietHours":
        # A zone that is gone from the database of zones is still what its owner chose.
        starts, ends = quiet.starts.strftime(_CLOCK), quiet.ends.strftime(_CLOCK)
        return cls.model_construct(starts=starts, ends=ends, time_zone=quiet.time_zone)


class Preference(Body):
    """Whether messages of a kind go out by a channel."""

    model_config = ConfigDict(json_schema_extra={"examples": _CHOICES[:1]})
    kind: NoticeKind
    channel: Channel
    is_wanted: StrictBool
    is_locked: StrictBool = Field(False, description="It cannot be chosen; ignored when sent.")


class Preferences(Body):
    """All of them when read. Those that are sent are changed, and all others stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"preferences": _CHOICES, "quiet_hours": _QUIET}]}
    )
    preferences: list[Preference] = Field([], max_length=_MOST)
    quiet_hours: QuietHours | None = Field(
        None, description="Null: messages come at any hour. When sent, its absence changes nothing."
    )

    @classmethod
    def of(cls, wishes: Wishes) -> "Preferences":
        quiet = QuietHours.of(wishes.quiet) if wishes.quiet else None
        return cls.model_construct(preferences=list(_all(wishes)), quiet_hours=quiet)

    def choices(self) -> dict[tuple[NoticeKind, Channel], bool]:
        """Return what is chosen; what cannot be chosen may be repeated as it is.

        Raises:
            PreferenceLocked: It would be changed.
            ValidationFailed: Something is chosen twice.
        """
        found: dict[tuple[NoticeKind, Channel], bool] = {}
        for number, choice in enumerate(self.preferences):
            key = choice.kind, choice.channel
            if key in found:
                raise ValidationFailed(f"/preferences/{number}", "This is chosen twice.")
            if choice.kind in SECURITY and choice.is_wanted != is_usual(*key):
                raise PreferenceLocked(*key)
            found[key] = choice.is_wanted
        return {key: is_wanted for key, is_wanted in found.items() if key[0] not in SECURITY}


def _all(wishes: Wishes) -> Iterator[Preference]:
    for kind in NoticeKind:
        for channel in Channel:
            yield Preference(
                kind=kind,
                channel=channel,
                is_wanted=wishes.wants(kind, channel),
                is_locked=kind in SECURITY,
            )
