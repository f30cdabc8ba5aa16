"""The gateway simulator's protocol, page and control, asked inside the process."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.gateway.app import create_app

MERCHANT = "3f2b9a54-7c1e-4a7d-9a5e-0d1f6b8c2e47"
STRANGER = "00000000-0000-0000-0000-000000000001"
WISH: dict[str, object] = {
    "merchant_id": MERCHANT,
    "amount": 150_000,
    "description": "Camera <b>& tripod</b>",
    "callback_url": "https://shop.test/verify/?order=7",
    "metadata": {"order_id": "7"},
}


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(tmp_path / "state" / "gateway.sqlite", "http://gateway.test/")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client,
    ):
        yield client


async def call(http: httpx.AsyncClient, name: str, **body: object) -> Any:
    sent = {"merchant_id": MERCHANT, **body}
    return (await http.post(f"/pg/v4/payment/{name}.json", json=sent)).json()


async def opened(http: httpx.AsyncClient, **changes: object) -> str:
    answer = await call(http, "request", **WISH | changes)
    return str(answer["data"]["authority"])


async def paid(http: httpx.AsyncClient, **changes: object) -> str:
    authority = await opened(http, **changes)
    await http.post(f"/control/pay/{authority}", json={"outcome": "pay"})
    return authority


async def script(http: httpx.AsyncClient, **fault: object) -> None:
    (await http.post("/control/", json=fault)).raise_for_status()


def refused(answer: dict[str, Any]) -> int:
    assert answer["data"] == []
    code: int = answer["errors"]["code"]
    return code


async def test_a_payment_is_opened_with_a_sandbox_authority(http: httpx.AsyncClient) -> None:
    answer = await call(http, "request", **WISH)

    assert answer["errors"] == []
    assert answer["data"]["code"] == 100
    assert answer["data"]["authority"].startswith("S")
    assert len(answer["data"]["authority"]) == 36


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"merchant_id": ""}, "merchant_id"),
        ({"amount": 9_999}, "amount"),
        ({"amount": 999, "currency": "IRT"}, "amount"),
        ({"amount": "much"}, "amount"),
        ({"amount": 10_000.5}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"description": ""}, "description"),
        ({"description": "x" * 501}, "description"),
        ({"callback_url": "/verify/"}, "callback_url"),
        ({"callback_url": "ftp://shop.test/"}, "callback_url"),
        ({"callback_url": "http://[::1"}, "callback_url"),
        ({"metadata": {"mobile": ""}}, "metadata.mobile"),
        ({"metadata": {"email": None}}, "metadata.email"),
        ({"metadata": []}, "metadata"),
    ],
)
async def test_a_wrong_field_is_named_in_the_validations(
    http: httpx.AsyncClient, change: dict[str, object], field: str
) -> None:
    answer = await call(http, "request", **WISH | change)

    assert refused(answer) == -9
    assert [list(one) for one in answer["errors"]["validations"]] == [[field]]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_object_is_refused_by_validation(
    http: httpx.AsyncClient, content: bytes
) -> None:
    answer = await http.post("/pg/v4/payment/request.json", content=content)

    assert refused(answer.json()) == -9


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"merchant_id": "nobody"}, -10),
        ({"amount": 1_000_000_001}, -41),
        ({"amount": 100_000_001, "currency": "IRT"}, -41),
        ({"wages": [{"iban": "IR0", "amount": 1, "description": "x"}]}, -30),
    ],
)
async def test_a_request_is_refused_with_its_code(
    http: httpx.AsyncClient, change: dict[str, object], code: int
) -> None:
    assert refused(await call(http, "request", **WISH | change)) == code


async def test_a_payment_is_verified_once_and_then_found_verified(http: httpx.AsyncClient) -> None:
    authority = await paid(http)

    first = await call(http, "verify", authority=authority, amount=150_000)
    second = await call(http, "verify", authority=authority, amount="150000")

    assert (first["data"]["code"], second["data"]["code"]) == (100, 101)
    assert first["data"]["ref_id"] == second["data"]["ref_id"] > 2**31
    assert first["data"]["order_id"] == "7"


async def test_a_payment_in_tomans_is_kept_in_rials(http: httpx.AsyncClient) -> None:
    authority = await paid(http, amount=15_000, currency="IRT")

    answer = await call(http, "verify", authority=authority, amount=150_000)

    assert answer["data"]["code"] == 100


async def test_verify_refuses_what_was_not_paid_like_this(http: httpx.AsyncClient) -> None:
    unpaid, done = await opened(http), await paid(http)

    async def verify(authority: str, **changes: object) -> int:
        body = {"authority": authority, "amount": 150_000, **changes}
        return refused(await call(http, "verify", **body))

    assert await verify(unpaid) == -51
    assert await verify(done, amount=150_001) == -50
    assert await verify(done, merchant_id=STRANGER) == -53
    assert await verify("S" + "0" * 35) == -54
    assert await verify("") == -9


async def test_inquiry_follows_the_payment(http: httpx.AsyncClient) -> None:
    authority = await opened(http)

    async def status() -> str:
        return str((await call(http, "inquiry", authority=authority))["data"]["status"])

    assert await status() == "IN_BANK"
    await http.post(f"/pg/StartPay/{authority}/cancel")
    assert await status() == "FAILED"
    await http.post(f"/pg/StartPay/{authority}/pay")
    assert await status() == "PAID"
    await call(http, "verify", authority=authority, amount=150_000)
    assert await status() == "VERIFIED"
    assert (await call(http, "reverse", authority=authority))["data"]["code"] == 100
    assert await status() == "REVERSED"


async def test_a_reversal_happens_once_and_only_of_a_success(http: httpx.AsyncClient) -> None:
    unpaid, done = await opened(http), await paid(http)

    assert refused(await call(http, "reverse", authority=unpaid)) == -61
    assert (await call(http, "reverse", authority=done))["data"]["code"] == 100
    assert refused(await call(http, "reverse", authority=done)) == -61
    assert refused(await call(http, "verify", authority=done, amount=150_000)) == -51


async def test_the_unverified_list_is_the_merchants_own(http: httpx.AsyncClient) -> None:
    waiting, verified = await paid(http), await paid(http)
    await paid(http, merchant_id=STRANGER)
    await opened(http)
    await call(http, "verify", authority=verified, amount=150_000)

    answer = await call(http, "unVerified")

    assert answer["data"]["code"] == "100"
    assert [one["authority"] for one in answer["data"]["authorities"]] == [waiting]


async def test_a_fee_is_told_before_anything_is_opened(http: httpx.AsyncClient) -> None:
    answer = await call(http, "feeCalculation", amount=100_000)

    assert answer["data"]["fee"] == 1_000
    assert answer["data"]["suggested_amount"] == 101_000
    assert refused(await call(http, "feeCalculation", amount=999)) == -9


async def test_the_page_shows_the_payment_and_escapes_it(http: httpx.AsyncClient) -> None:
    page = (await http.get(f"/pg/StartPay/{await opened(http, amount=1_500_005)}")).text

    assert "1,500,005" in page
    assert "150,000.5 tomans" in page
    assert "Camera &lt;b&gt;&amp; tripod&lt;/b&gt;" in page
    assert "no money moves" in page


@pytest.mark.parametrize(("button", "status"), [("pay", "OK"), ("cancel", "NOK")])
async def test_a_button_sends_the_browser_back(
    http: httpx.AsyncClient, button: str, status: str
) -> None:
    authority = await opened(http)

    answer = await http.post(f"/pg/StartPay/{authority}/{button}")

    back = f"https://shop.test/verify/?order=7&Authority={authority}&Status={status}"
    assert answer.status_code == 303
    assert answer.headers["location"] == back


async def test_a_paid_payment_cannot_be_cancelled_nor_paid_again(http: httpx.AsyncClient) -> None:
    authority = await paid(http)
    before = (await http.get("/control/payments/")).json()

    for button in ("cancel", "pay"):
        answer = await http.post(f"/pg/StartPay/{authority}/{button}")
        assert answer.headers["location"].endswith("Status=OK")

    assert (await http.get("/control/payments/")).json() == before
    assert "This payment is paid" in (await http.get(f"/pg/StartPay/{authority}")).text


@pytest.mark.parametrize("path", ["/pg/StartPay/S1", "/nothing"])
async def test_what_is_not_there_is_404(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)

    assert answer.status_code == 404
    assert "Nothing here" in answer.text


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("empty_object", {"data": {}, "errors": {"code": -51}}),
        ("empty_null", {"data": None, "errors": {"code": -51}}),
        ("empty_missing", {"errors": {"code": -51}}),
        ("string_code", {"data": [], "errors": {"code": "-51"}}),
        ("no_ref_id", {"data": [], "errors": {"code": -51}}),
        ("both_empty", {"data": [], "errors": []}),
        ("errors_list", {"data": [], "errors": [{"code": -52}]}),
        ("errors_by_field", {"data": [], "errors": {"amount": ["is not valid"]}}),
    ],
)
async def test_an_answer_can_be_wrapped_oddly(
    http: httpx.AsyncClient, shape: str, expected: object
) -> None:
    authority = await opened(http)
    await script(http, operation="verify", behaviour="odd_shape", shape=shape)

    answer = await call(http, "verify", authority=authority, amount=150_000)

    errors = answer.get("errors")
    for refusal in [errors] if isinstance(errors, dict) else errors:
        refusal.pop("message", None)
        refusal.pop("validations", None)
    assert answer == expected


async def test_faults_are_used_up_in_order_and_by_operation(http: httpx.AsyncClient) -> None:
    authority = await paid(http)
    await script(http, operation="verify", behaviour="code", code=-52, times=2)
    await script(http, operation="any", behaviour="outage")
    body = {"merchant_id": MERCHANT, "authority": authority, "amount": 150_000}

    async def answers(name: str) -> int:
        return (await http.post(f"/pg/v4/payment/{name}.json", json=body)).status_code

    assert [await answers("verify"), await answers("inquiry"), await answers("inquiry")] == [
        *(200, 503, 200)
    ]
    assert refused(await call(http, "verify", **body)) == -52
    assert (await call(http, "verify", **body))["data"]["code"] == 100
    control = (await http.get("/control/")).json()
    assert control == {"queued": [], "calls": {"request": 1, "verify": 3, "inquiry": 2}}


async def test_a_fault_without_an_end_lasts_until_it_is_cleared(http: httpx.AsyncClient) -> None:
    await script(http, operation="any", behaviour="outage", times=None)

    for _ in range(3):
        answer = await http.post("/pg/v4/payment/request.json", json=WISH)
        assert answer.status_code == 503
    assert (await http.get("/control/payments/")).json() == []

    await http.delete("/control/")
    assert (await call(http, "request", **WISH))["data"]["code"] == 100


async def test_a_gateway_may_have_verified_by_itself(http: httpx.AsyncClient) -> None:
    authority = await opened(http)

    wish = {"outcome": "pay", "auto_verified": True}
    await http.post(f"/control/pay/{authority}", json=wish)

    assert (await call(http, "verify", authority=authority, amount=150_000))["data"]["code"] == 101


async def test_a_lost_callback_leaves_the_browser_where_it_is(http: httpx.AsyncClient) -> None:
    authority = await opened(http)
    await script(http, operation="callback", behaviour="lost")

    answer = await http.post(f"/pg/StartPay/{authority}/pay")

    assert answer.status_code == 200
    assert "You may close this window" in answer.text
    assert (await call(http, "inquiry", authority=authority))["data"]["status"] == "PAID"


@pytest.mark.parametrize(
    "fault",
    [
        {"operation": "verify", "behaviour": "explode"},
        {"operation": "elsewhere", "behaviour": "outage"},
        {"operation": "request", "behaviour": "wrong_amount"},
        {"operation": "callback", "behaviour": "outage"},
        {"operation": "verify", "behaviour": "lost"},
        {"operation": "verify", "behaviour": "delay"},
        {"operation": "verify", "behaviour": "delay", "seconds": -1},
        {"operation": "verify", "behaviour": "outage", "times": 0},
        {"operation": "verify", "behaviour": "outage", "seconds": 3},
        {"operation": "verify", "behaviour": "odd_shape", "shape": "round"},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(
    http: httpx.AsyncClient, fault: dict[str, object]
) -> None:
    answer = await http.post("/control/", json=fault)

    assert answer.status_code == 422
    assert (await http.get("/control/")).json()["queued"] == []


async def test_the_overview_lists_payments_and_faults(http: httpx.AsyncClient) -> None:
    authority = await opened(http)
    await script(http, operation="verify", behaviour="delay", seconds=3, times=None)

    page = (await http.get("/")).text

    assert f'href="/pg/StartPay/{authority}"' in page
    assert "IN_BANK" in page
    assert "until cleared" in page
    assert "<b>" not in page
    assert (await http.get("/healthz")).json() == {"status": "ok"}
