"""What a step raises when a rule says no."""

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.errors import DomainError


def refuse(refusal: DomainError) -> ApplicationError:
    """Turn a refusal into the failure that workflows and the API understand.

    Its type is the refusal's code, its first detail the refusal's facts. A rule will not change
    its mind, so it is not retried; it is no fault either, so it is not logged as one.
    """
    return ApplicationError(
        str(refusal),
        refusal.facts,
        type=refusal.code,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )
