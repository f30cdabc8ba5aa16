"""What people see of the simulator: the payment page, its endings, and the overview."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from sandbox.gateway.outbox import Sent
from sandbox.gateway.simulator import Simulator, callback_url
from sandbox.gateway.store import SUCCESSFUL, Payment, Status

_LINK: Final = re.compile(r"https?://[^\s<]+")
_FOLDER: Final = Path(__file__).parent / "templates"


def payment(shown: Payment) -> str:
    remark = "You will be sent back afterwards."
    if shown.status is Status.FAILED:
        remark = "This payment was cancelled before; it can still be paid."
    body = _fill(
        "payment",
        rials=f"{shown.amount:,}",
        tomans=_tomans(shown.amount),
        description=shown.description,
        payee=_payee(shown),
        authority=shown.authority,
        short_authority=_short(shown.authority),
        remark=remark,
    )
    return _page("Payment", body)


def finished(shown: Payment) -> str:
    """For who opens the page of a payment that is over."""
    paid = shown.status in SUCCESSFUL
    return _message(
        "✓" if paid else "↩",
        "This payment is paid" if paid else "This payment was sent back to the card",
        f"{shown.amount:,} rials",
        action=(callback_url(shown), f"Return to {_payee(shown)}"),
    )


def closed(shown: Payment) -> str:
    """Instead of the way back, when the callback is scripted to be lost."""
    paid = shown.status in SUCCESSFUL
    outcome = "The payment is made." if paid else "The payment was cancelled."
    return _message("✓" if paid else "×", "You may close this window", outcome)


def not_found() -> str:
    return _message("?", "Nothing here", "No such page, or no such payment.", tone="bad")


def overview(desk: Simulator) -> str:
    tables = {
        "payments": _table(
            ("Made (UTC)", "Rials", "For", "Order", "State", "Authority"),
            (_row(shown) for shown in desk.store.latest(50)),
            "No payment was asked for yet.",
        ),
        "queued": _table(
            ("Operation", "Behaviour", "Times", "With"),
            (_fault(fault.model_dump(mode="json")) for fault in desk.script.queued),
            "Nothing is queued: every call is answered properly.",
        ),
        "calls": _table(
            ("Operation", "Calls"),
            (_cells(name, f"{count:,}") for name, count in sorted(desk.script.calls.items())),
            "None.",
        ),
    }
    body = _fill("overview", html=tables, public_url=desk.public_url.rstrip("/"))
    return _page("Payment gateway simulator", body, "wide")


def outbox(sent: Sequence[Sent]) -> str:
    letters = "".join(map(_letter, sent)) or '<p class="soft">Nothing was sent yet.</p>'
    return _page("Outbox", _fill("outbox", html={"letters": letters}), "wide")


def _letter(sent: Sent) -> str:
    # Links can be followed: that is what most of these messages are about.
    text = _LINK.sub(r'<a href="\g<0>">\g<0></a>', escape(sent.text))
    subject = f'<h2 dir="auto">{escape(sent.subject)}</h2>' if sent.subject else ""
    return (
        f'<section class="panel letter"><p class="soft">{escape(sent.channel)} to '
        f"<b>{escape(sent.recipient)}</b>, {escape(sent.at)}</p>"
        f'{subject}<p class="letter-text" dir="auto">{text}</p></section>'
    )


def _row(shown: Payment) -> str:
    badge = f'<span class="badge {shown.status.lower()}">{shown.status}</span>'
    link = f'<a href="/pg/StartPay/{shown.authority}"><code>{_short(shown.authority)}</code></a>'
    return (
        f"<td>{escape(shown.created_at.removesuffix('+00:00').replace('T', ' '))}</td>"
        f'<td class="number">{shown.amount:,}</td>'
        f'<td class="text" dir="auto">{escape(shown.description)}</td>'
        f"<td><code>{escape(shown.order_id or '')}</code></td><td>{badge}</td><td>{link}</td>"
    )


def _fault(fault: dict[str, object]) -> str:
    times = "until cleared" if fault["times"] is None else str(fault["times"])
    named = ("operation", "behaviour", "times")
    rest = (f"{name} {value}" for name, value in fault.items() if name not in named)
    return _cells(str(fault["operation"]), str(fault["behaviour"]), times, ", ".join(rest))


def _cells(*texts: str) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _table(heads: tuple[str, ...], rows: Iterable[str], empty: str) -> str:
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    if not body:
        return f'<p class="soft">{empty}</p>'
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _message(
    mark: str, heading: str, text: str, *, tone: str = "", action: tuple[str, str] | None = None
) -> str:
    button = ""
    if action:
        url, label = action
        button = f'<a class="button" href="{escape(url)}">{escape(label)}</a>'
    values = {"mark": mark, "heading": heading, "text": text, "tone": tone}
    return _page(heading, _fill("message", html={"action": button}, **values))


def _page(title: str, body: str, width: str = "narrow") -> str:
    return _fill("layout", html={"body": body}, title=title, width=width)


def _fill(template: str, *, html: Mapping[str, str] | None = None, **text: str) -> str:
    """Fill a template: what is passed as `html` goes in as it is, all else is escaped."""
    source = (_FOLDER / f"{template}.html").read_text(encoding="utf-8")
    escaped = {name: escape(value) for name, value in text.items()}
    return Template(source).substitute(escaped, **(html or {}))


def _payee(shown: Payment) -> str:
    return urlsplit(shown.callback_url).netloc


def _short(authority: str) -> str:
    """Leave out the zeros that all authorities share."""
    return f"S…{authority.lstrip('S0')}"


def _tomans(rials: int) -> str:
    whole, tenth = divmod(rials, 10)
    return f"{whole:,}.{tenth}" if tenth else f"{whole:,}"
