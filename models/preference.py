"""Which messages people want by which channel, and when they want none."""

from datetime import time
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.messages.notice import Channel, NoticeKind
from models.base import Base, choice


class PreferenceRow(Base):
    """A choice somebody made; where there is none, `domain.messages.notice` has the usual one."""

    __tablename__ = "notification_preferences"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    kind: Mapped[NoticeKind] = mapped_column(choice(NoticeKind), primary_key=True)
    channel: Mapped[Channel] = mapped_column(choice(Channel), primary_key=True)
    is_wanted: Mapped[bool]


class QuietHours(Base):
    """From `starts` to `ends` by the clock of `time_zone`, over midnight if it ends earlier."""

    __tablename__ = "quiet_hours"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    starts: Mapped[time]
    ends: Mapped[time]
    time_zone: Mapped[str]
