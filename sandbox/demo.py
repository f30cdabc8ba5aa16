"""`demo`: the main job, a loan from request to completion, through REST as two people would."""

import time
from dataclasses import dataclass
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urljoin
from uuid import UUID, uuid4

import httpx

from domain import ids
from domain.ledger import AccountKind, Side
from sandbox.dev_json import DevInfo
from sandbox.narration import TOKEN, DemoError, Json, Narrator, Speaker, check
from sandbox.statement import Statement
from sandbox.visit import system_in

API = "/api/v1"
TOP_UP = "3000000"
ASSET = {
    "title": "Cordless drill",
    "description": "18 V, two batteries, with a case.",
    "category": "tools",
    "daily_fee": "150000",
    "deposit": "2000000",
    "max_days": 14,
}


def run(folder: Path) -> None:
    """Run the main job on the system of a home, or on one started for it.

    Raises:
        SandboxError: There is no system to run it on, or it did not do what it should.
    """
    with system_in(folder) as system, httpx.Client(timeout=30, trust_env=False) as browser:
        began = time.monotonic()
        Demo(system, browser, Narrator()).play()
        print(f"\nAll of it held. {time.monotonic() - began:.1f} s.")


@dataclass
class Person:
    id: UUID
    name: str
    rest: Speaker


@dataclass
class Demo:
    system: DevInfo
    browser: httpx.Client
    narrator: Narrator

    def play(self) -> None:
        with httpx.Client(base_url=self.system.api, timeout=30, trust_env=False) as http:
            lender, borrower = self.join(http, "Leila"), self.join(http, "Babak")
            asset = self.offer(lender)
            self.top_up(borrower)
            ticket = self.lend(lender, borrower, asset["id"])
            self.show_wallets(lender, borrower)
        self.show_ledger(ticket, lender, borrower)
        self.show_workflow(UUID(ticket["id"]))

    def join(self, http: httpx.Client, name: str) -> Person:
        self.narrator.step(f"{name} registers and logs in.")
        rest = Speaker(http, self.narrator)
        credentials = {
            "email": f"{name.lower()}-{uuid4().hex[:8]}@example.com",
            "password": uuid4().hex,
        }
        who = {**credentials, "full_name": name}
        user = rest.ask("POST", f"{API}/auth/register/", who, expect=201)
        self.tell(user, "id", "email")
        rest.token = rest.ask("POST", TOKEN, credentials)["access_token"]
        return Person(UUID(user["id"]), name, rest)

    def offer(self, lender: Person) -> Json:
        self.narrator.step(f"{lender.name} offers a drill.")
        asset = lender.rest.ask("POST", f"{API}/assets/", ASSET, expect=201)
        self.tell(asset, "id", "title", "daily_fee", "deposit")
        return asset

    def top_up(self, borrower: Person) -> None:
        self.narrator.step(f"{borrower.name} tops up the wallet at the payment gateway.")
        wish = {"amount": TOP_UP}
        payment = borrower.rest.ask("POST", f"{API}/payments/initiate/", wish, expect=201)
        self.tell(payment, "id", "amount", "status", "redirect_url")
        result = self.pay_at_gateway(payment["redirect_url"])
        self.tell(result, "status", "ref_id")
        check(result["status"] == "paid", "the payment is paid")
        self.tell(borrower.rest.ask("GET", f"{API}/wallet/"), "balance")

    def pay_at_gateway(self, page: str) -> Json:
        """Pay as a browser does: open the page, send its form, and follow the way back."""
        gateway = Speaker(self.browser, self.narrator)
        html = gateway.send(self.browser.build_request("GET", page), 200).text
        form = self.browser.build_request("POST", urljoin(page, pay_form(html)))
        back = gateway.send(form, 303).headers["location"]
        return gateway.ask("GET", back)

    def lend(self, lender: Person, borrower: Person, asset_id: str) -> Json:
        self.narrator.step(f"{borrower.name} asks to borrow it for three days.")
        wish = {"asset_id": asset_id, "days": 3, "note": "For a bookshelf."}
        ticket = borrower.rest.ask("POST", f"{API}/tickets/", wish, expect=201)
        self.tell(ticket, "id", "status", "fee", "deposit", "total", "commission", "deadline_at")
        self.narrator.step(f"{lender.name} accepts.")
        self.move(lender, ticket, "accept", "accepted")
        self.narrator.step(f"{borrower.name} pays fee and deposit into escrow; the loan begins.")
        self.move(borrower, ticket, "pay", "active")
        wallet = borrower.rest.ask("GET", f"{API}/wallet/")
        self.tell(wallet, "balance", "held")
        check(wallet["held"] == ticket["total"], "the escrow holds what the ticket costs")
        self.narrator.step(f"{lender.name} has the drill back, and says so.")
        return self.move(lender, ticket, "complete", "completed")

    def move(self, who: Person, ticket: Json, action: str, status: str) -> Json:
        moved = who.rest.ask("PATCH", f"{API}/tickets/{ticket['id']}/{action}/", {})
        self.tell(moved, "status", "deadline_at")
        check(moved["status"] == status, f"after `{action}` the ticket is {status}")
        return moved

    def show_wallets(self, *people: Person) -> None:
        for person in people:
            self.narrator.step(f"{person.name} looks into the wallet.")
            self.tell(person.rest.ask("GET", f"{API}/wallet/"), "balance", "held")
            for entry in person.rest.ask("GET", f"{API}/wallet/entries/")["items"]:
                sign = "+" if entry["type"] == "credit" else "-"
                amounts = f"{sign}{entry['amount']:>12}  ->{entry['balance_after']:>12}"
                self.narrator.line(f"              {amounts}  {entry['description']}")

    def show_ledger(self, ticket: Json, lender: Person, borrower: Person) -> None:
        self.narrator.title("The ledger of the loan, in rials")
        ledger = Statement.of_ticket(self.system.database_url, UUID(ticket["id"]))
        for line in ledger.table({lender.id: lender.name, borrower.id: borrower.name}):
            self.narrator.line(line)
        wallet = AccountKind.USER_WALLET
        paid = ledger.total(Side.DEBIT, wallet, borrower.id)
        earned = ledger.total(Side.CREDIT, wallet, lender.id)
        revenue = ledger.total(Side.CREDIT, AccountKind.PLATFORM_REVENUE)
        returned = ledger.total(Side.CREDIT, wallet, borrower.id)
        self.narrator.line("")
        self.narrator.line(
            f"{lender.name}'s wallet {earned:,} + platform revenue {revenue:,}"
            f" + deposit returned {returned:,} = {earned + revenue + returned:,}"
        )
        self.narrator.line(f"{borrower.name} paid {paid:,}")
        check(earned + revenue + returned == paid, "what was paid is what was received")
        check(paid == Decimal(ticket["total"]), "what was paid is what the ticket costs")
        check(revenue == Decimal(ticket["commission"]), "the platform has its commission")
        check(returned == Decimal(ticket["deposit"]), "the deposit went back whole")
        check(ledger.sum_of(Side.DEBIT) == ledger.sum_of(Side.CREDIT), "debits equal credits")

    def show_workflow(self, ticket_id: UUID) -> None:
        self.narrator.title("The workflow of the loan")
        namespace = self.system.temporal_namespace
        path = f"namespaces/{namespace}/workflows/{quote(ids.ticket_workflow(ticket_id), safe='')}"
        self.narrator.line(f"{self.system.temporal_ui}/{path}")
        status = self.workflow_status(f"{self.system.temporal_ui}/api/v1/{path}")
        self.narrator.line(f"status: {status}")
        check(status == "Completed", "the workflow is Completed")

    def workflow_status(self, url: str) -> str:
        """Return how the workflow stands; it ends a moment after its last update was answered."""
        deadline = time.monotonic() + 10
        while True:
            found = self.browser.get(url).raise_for_status().json()["workflowExecutionInfo"]
            status = str(found["status"]).removeprefix("WORKFLOW_EXECUTION_STATUS_").capitalize()
            if status != "Running" or time.monotonic() > deadline:
                return status
            time.sleep(0.1)

    def tell(self, found: Json, *names: str) -> None:
        self.narrator.facts({name: found[name] for name in names if found[name] is not None})


def pay_form(html: str) -> str:
    """Return where the payment page's form that pays is sent.

    Raises:
        DemoError: The page has no such form.
    """
    reader = _Forms()
    reader.feed(html)
    for method, action in reader.found:
        if method.lower() == "post" and action.endswith("/pay"):
            return action
    raise DemoError(f"The gateway's page has no form that pays: {reader.found}")


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            named = dict(attrs)
            self.found.append((named.get("method") or "get", named.get("action") or ""))
