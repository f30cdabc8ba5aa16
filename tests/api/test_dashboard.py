"""The operators' page: who sees it, and that its figures are those of the reports."""

import base64
import re
from xml.etree import ElementTree as ET

import httpx
import pytest

from api.dashboard.charts import scale
from api.dashboard.words import WORDS
from domain.messages.letter import Language
from domain.messages.notice import Channel, MessageStatus
from domain.payment import PaymentStatus
from domain.ticket import TicketStatus
from tests.api.people import Person

PAGE = "/dashboard/"
PICTURES = re.compile(r'src="data:image/svg\+xml;base64,([^"]+)"')


async def shown(person: Person, **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {person.token}"}
    return await person.http.get(PAGE, params=query, headers=headers)


async def test_an_operator_sees_what_the_reports_say(operator: Person) -> None:
    answer = await shown(operator, lang="en")
    summary = await operator.get("/reports/summary/")

    assert answer.status_code == 200
    assert f"<b>{summary['total_users']:,}</b> Users" in answer.text
    assert f"<b>{summary['active_loans']:,}</b> Active loans" in answer.text
    pictures = PICTURES.findall(answer.text)
    assert len(pictures) == 5
    for picture in pictures:
        assert ET.fromstring(base64.b64decode(picture)).tag.endswith("svg")  # noqa: S314  (ours)
    assert answer.text.count("<table>") >= len(pictures)  # the same without pictures


async def test_it_is_persian_for_who_reads_persian(operator: Person) -> None:
    by_choice = await shown(operator, lang="fa")
    headers = {"Authorization": f"Bearer {operator.token}", "Accept-Language": "fa-IR,en;q=0.5"}
    by_browser = await operator.http.get(PAGE, headers=headers)

    for answer in (by_choice, by_browser):
        assert '<html lang="fa" dir="rtl">' in answer.text
        assert "اجاره‌های جاری" in answer.text
        assert not re.search(r"<td>[^<]*[0-9]", answer.text)  # all digits are Persian


@pytest.mark.parametrize("token", ["", "Bearer nonsense"])
async def test_who_is_not_logged_in_is_shown_where_to(http: httpx.AsyncClient, token: str) -> None:
    answer = await http.get(PAGE, headers={"Authorization": token} if token else {})

    assert answer.status_code == 401
    assert '<form id="login"' in answer.text
    assert "data:image" not in answer.text


async def test_others_see_none_of_it(sara: Person) -> None:
    answer = await shown(sara)

    assert answer.status_code == 403
    assert "data:image" not in answer.text


async def test_nothing_of_it_comes_from_elsewhere(operator: Person) -> None:
    answer = await shown(operator)
    loaded = re.findall(r'(?:src|href)="(?!data:|\?lang)([^"]+)"', answer.text)

    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    for path in loaded:
        if path.startswith("/"):
            assert (await operator.http.get(path)).status_code == 200, path
        else:
            assert path.startswith("http://localhost:8233/namespaces/")  # the engine's own pages


async def test_no_other_file_is_served(http: httpx.AsyncClient) -> None:
    assert (await http.get("/dashboard/assets/..%2Fpage.py")).status_code == 404
    assert (await http.get("/dashboard/assets/page.py")).status_code == 404


def test_each_language_has_all_words() -> None:
    english, persian = WORDS[Language.ENGLISH], WORDS[Language.PERSIAN]
    names = {*TicketStatus, *PaymentStatus, *MessageStatus, *Channel}

    assert english.keys() == persian.keys()
    assert names <= english.keys()


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (0, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (450_000, [0, 100_000, 200_000, 300_000, 400_000, 500_000]),
    ],
)
def test_an_axis_has_few_round_numbers(highest: int, labels: list[int]) -> None:
    assert scale(highest)[: len(labels)] == labels
    assert scale(highest)[-1] >= highest
    assert len(scale(highest)) <= 7
