"""Words are found however they are written, and nothing that is typed is more than words."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.calendar import Period
from models.asset import AssetRow
from models.base import new_id
from models.database import Sessions
from models.queries import assets, calendar, catalogue
from tests import given
from tests.given import DAY, NOW

Found = Callable[..., Coroutine[Any, Any, list[UUID]]]


@pytest.fixture
def find(own_sessions: Sessions) -> Found:
    async def it(typed: str | None, **filters: Any) -> list[UUID]:
        async with own_sessions() as session:
            rows = await catalogue.page(session, text=typed, **{"limit": 50} | filters)
        return [row.id for row in rows]

    return it


async def listed(sessions: Sessions, title: str, **changes: Any) -> UUID:
    owner_id = changes.pop("owner_id", None) or await given.a_user(sessions)
    asset = given.an_asset(id=new_id(), owner_id=owner_id)
    words = {"title": title, "description": "", "category": "x"}
    async with sessions.begin() as session:
        session.add(AssetRow(**vars(asset) | words | changes))
    return asset.id


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("دوربین عکاسی", "دوربين عكاسي"),  # Persian letters, Arabic ones
        ("دوربين عكاسي", "دوربین عکاسی"),
        ("چاپگر ۱۲ هسته", "چاپگر 12"),  # digits of Persian, Latin, Arabic
        ("Drill 18V", "۱۸v"),
        ("Drill ١٨V", "18V"),
        ("کتاب‌خانه", "کتابخانه"),  # with a non-joiner, without, apart
        ("کتاب‌خانه", "کتاب خانه"),
        ("کتاب‌خانه", "خانه"),
        ("کتابخانه", "کتاب‌خانه"),
        ("کتاب خانه", "کتاب‌خانه"),
        ("می‌شود کتاب", "کتاب می‌شود"),
        ("نوشته\u200f\u202bها\u200d", "نوشتهها"),  # signs that nobody sees
        ("کتـــابِ خوبْ", "کتاب خوب"),  # stretched, and with vowels
        ("مُؤَسِّسَة", "موسسه"),
        ("آسیا أرز إيران", "اسیا ارز ایران"),
        ("CAMERA Köln", "camera koln"),
        ("ﺩﻭﺭﺑﯿﻦ", "دوربین"),  # forms of letters as old programs wrote them
        ("Ｃａｎｏｎ", "canon"),
        ("مته؛ «برقی»، شارژی", "برقی شارژی"),
        ("sara@example.test", "example"),
        ("EOS-90D", "eos 90d"),
        ("EOS-90D", "eos-90d"),
        ("camera tent drill", "dri cam"),
    ],
)
async def test_a_word_is_found_however_it_is_written(
    find: Found, own_sessions: Sessions, written: str, typed: str
) -> None:
    by_title = await listed(own_sessions, written)
    by_description = await listed(own_sessions, "-", description=f"… {written}.")
    await listed(own_sessions, "Something else 7")

    assert await find(typed) == [by_description, by_title]


@pytest.mark.parametrize(
    "typed",
    ["%", "_", "'", "''", "\\", "\\'", "*", ":*", "&", "!", "|", "()", "<->", '"', "%s", "%(q)s",
     ":q", "$1", "--", ";", "؟", "\u200c", "ـ", "\u064b", "\ufeff", "…", "‌ ‌"],
)  # fmt: skip
async def test_what_is_no_word_finds_nothing(
    find: Found, own_sessions: Sessions, typed: str
) -> None:
    await listed(own_sessions, "Camera 100% 's q")

    if any(letter.isalnum() for letter in typed):
        assert len(await find(f"{typed} camera")) <= 1
    else:
        assert await find(typed) == []
        assert len(await find(f"camera{typed} {typed}")) == 1


@pytest.mark.parametrize(
    "typed", ["!camera", "camera | tent", "cam:*", "-camera", "ca%ra", "c_mera"]
)
async def test_no_sign_means_anything_to_the_search(
    find: Found, own_sessions: Sessions, typed: str
) -> None:
    camera = await listed(own_sessions, "Camera")
    await listed(own_sessions, "Tent")

    wanted = {"!camera": [camera], "cam:*": [camera], "-camera": [camera]}
    assert await find(typed) == wanted.get(typed, [])


@pytest.mark.parametrize(
    "prose", ["x" * 5000, "ﷺ" * 5000, "🎥" * 5000, " ".join(map(str, range(1000))), "\n" * 5000]
)
async def test_the_longest_description_can_be_stored_and_its_words_found(
    find: Found, own_sessions: Sessions, prose: str
) -> None:
    stored = await listed(own_sessions, "Camera", description=prose[:5000])

    assert await find("camera") == [stored]
    assert await find(prose[:200]) in ([stored], [])


async def test_new_words_count_at_once_and_old_ones_no_more(
    find: Found, own_sessions: Sessions
) -> None:
    owner = await given.a_user(own_sessions)
    stored = await listed(own_sessions, "Camera", owner_id=owner)

    async with own_sessions.begin() as session:
        await assets.change(session, stored, owner, {"title": "Tent"})

    assert (await find("camera"), await find("tent")) == ([], [stored])


async def test_filters_hold_together_with_words(find: Found, own_sessions: Sessions) -> None:
    owner = await given.a_user(own_sessions)
    first = await listed(own_sessions, "Camera one", category="photo", owner_id=owner)
    second = await listed(own_sessions, "Camera two", category="photo")
    third = await listed(own_sessions, "Camera three", category="video")
    hidden = await listed(own_sessions, "Camera four", owner_id=owner, is_listed=False)

    assert await find("camera") == [third, second, first]
    assert await find("camera", limit=2) == [third, second]
    assert await find("camera", before=third, limit=1) == [second]
    assert await find("camera", category="photo") == [second, first]
    assert await find("camera", owner_id=owner) == [hidden, first]
    assert await find(None, category="video") == [third]


@pytest.mark.parametrize("read_through", [1, 2, 3, 4, 1000])
async def test_pages_of_a_search_have_no_gap_where_it_goes_over_to_the_index(
    find: Found, own_sessions: Sessions, monkeypatch: pytest.MonkeyPatch, read_through: int
) -> None:
    monkeypatch.setattr(catalogue, "_READ_THROUGH", read_through)
    monkeypatch.setattr(catalogue, "_list", catalogue._list.__wrapped__)
    stored = [await listed(own_sessions, word) for word in ("cam a", "tent", "cam b", "cam c")]
    wanted = [stored[3], stored[2], stored[0]]

    assert await find("cam") == wanted
    assert await find("cam", limit=2) == wanted[:2]
    assert await find("cam", limit=2, before=wanted[1]) == wanted[2:]


async def test_what_is_free_in_a_period_is_what_no_loan_holds_in_any_part_of_it(
    find: Found, own_sessions: Sessions
) -> None:
    stored = [await listed(own_sessions, "Camera") for _ in range(2)]
    free, taken = stored
    holds = {"accepted": (1, 3), "escrow": (5, 6), "active": (8, 9)}
    for status, (starts, ends) in holds.items():
        await hold(own_sessions, taken, status, starts, ends)
    for status in ("pending", "cancelled", "completed"):
        await hold(own_sessions, free, status, 1, 9)

    for starts, ends in [(0, 1), (3, 5), (6, 8), (9, 400)]:
        assert await find("camera", free=days(starts, ends)) == [taken, free]
        assert await find(None, free=days(starts, ends)) == [taken, free]
    for starts, ends in [(0, 2), (1, 2), (2, 4), (4, 7), (0, 400)]:
        assert await find("camera", free=days(starts, ends)) == [free]
        assert await find(None, free=days(starts, ends)) == [free]
    async with own_sessions() as session:
        assert await calendar.busy(session, taken, days(2, 8)) == [days(1, 3), days(5, 6)]
        assert await calendar.busy(session, free, days(0, 400)) == []


def days(starts: int, ends: int) -> Period:
    return Period(NOW + starts * DAY, NOW + ends * DAY)


async def hold(sessions: Sessions, asset_id: UUID, status: str, starts: int, ends: int) -> None:
    borrower = await given.a_user(sessions)
    values = {
        "id": uuid4(), "asset": asset_id, "borrower": borrower, "status": status,
        "starts": NOW + starts * DAY, "ends": NOW + ends * DAY,
        "deadline": None if status in {"completed", "cancelled"} else NOW,
        "reason": "expired" if status == "cancelled" else None,
    }  # fmt: skip
    async with sessions.begin() as session:
        await session.execute(HOLD, values)


HOLD = text("""
    INSERT INTO tickets (id, asset_id, borrower_id, lender_id, status, fee, deposit, daily_fee,
        commission_bps, handover, cancellation_policy, cancellation_version, starts_at, ends_at,
        deadline_at, cancel_reason, created_at, updated_at)
    SELECT :id, id, :borrower, owner_id, :status, 1, 1, 1, 0, 'instant', 'flexible', 1, :starts,
        :ends, :deadline, :reason, now(), now()
    FROM assets WHERE id = :asset
""")
