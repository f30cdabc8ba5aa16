"""Wire forms of changing a password."""

from pydantic import ConfigDict

from api.schemas.auth import GivenPassword, NewPassword
from api.schemas.common import Body


class PasswordChange(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "current_password": "correct horse battery",
                    "new_password": "seven lamps over the bazaar",
                }
            ]
        }
    )
    current_password: GivenPassword
    new_password: NewPassword
