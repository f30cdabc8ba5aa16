"""Which of two forms of an answer a caller prefers (RFC 9110, 12.5.1)."""

from collections.abc import Iterator


def prefers(accept: str | None, wanted: str, otherwise: str) -> bool:
    """Tell whether `wanted` is asked for more strongly than what we send otherwise.

    Args:
        accept: The header, as it came; absent, everything is welcome.
        wanted: A media type, such as ``text/csv``.
        otherwise: The media type that is sent in doubt, even to who accepts neither.
    """
    ranges = dict(_ranges(accept or ""))
    return _quality(ranges, wanted) > _quality(ranges, otherwise)


def _quality(ranges: dict[str, float], media_type: str) -> float:
    family = media_type.partition("/")[0]
    # The narrowest range that names it decides, so that `text/csv;q=0, */*` is not CSV.
    fitting = (media_type, f"{family}/*", "*/*")
    return next((ranges[name] for name in fitting if name in ranges), 0)


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.lower().split(","):
        media_range, *parameters = (word.strip() for word in part.split(";"))
        yield media_range, _weight(parameters)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0  # who wrote that did not ask for it
    return 1.0
