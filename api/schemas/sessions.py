"""Wire forms of the places where somebody is logged in."""

from ipaddress import ip_address, ip_network
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, NOW, TimeOut
from models.queries.sessions import Place


class SessionOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": ID,
                    "created_at": NOW,
                    "last_seen_at": NOW,
                    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0",
                    "address": "203.0.113.0/24",
                    "current": True,
                }
            ]
        }
    )
    id: UUID
    created_at: TimeOut
    last_seen_at: TimeOut = Field(description="When its tokens were exchanged last.")
    user_agent: str | None
    address: str | None = Field(description="The network it began from: a /24, or a /48 of IPv6.")
    current: bool = Field(description="Whether it is the login of this very request.")

    @classmethod
    def of(cls, place: Place, current: UUID) -> Self:
        return cls(
            id=place.id,
            created_at=place.created_at,
            last_seen_at=place.last_seen_at,
            user_agent=place.user_agent,
            address=_network_of(place.address),
            current=place.id == current,
        )


def _network_of(address: str | None) -> str | None:
    """Say where an address is without saying whose it is; None for what is no address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return None
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))
