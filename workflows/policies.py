"""Every timeout and retry policy, with its reason."""

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy

# The fast path of a database step: a few tries inside the workflow task, then the operable path.
FAST_LIMIT: Final = timedelta(seconds=2)
FAST_RETRIES: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), backoff_coefficient=2, maximum_attempts=4
)

# A workflow task holds the fast path, so after a killed worker it must not block for long.
TASK_TIMEOUT: Final = timedelta(seconds=4)

# The operable path: for ever, because a step that is not refused has to happen. An operator may
# pause it, so there is no schedule-to-close: that clock goes on while an activity is paused.
STEP_LIMIT: Final = timedelta(seconds=30)
FOR_EVER: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=10),
)

# A step that has not succeeded by then is one that operators should know of.
STUCK_AFTER: Final = timedelta(minutes=1)

# The payer waits for the gateway's page: two tries, then the caller hears that it is down.
OPEN_LIMIT: Final = timedelta(seconds=4)
OPEN_RETRIES: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=1, maximum_attempts=2
)

# Whether money arrived must become known, however long the gateway is away.
CALL_LIMIT: Final = timedelta(seconds=20)
PURSUE: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=30),
)
