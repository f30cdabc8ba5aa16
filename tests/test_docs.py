"""What the documents say is so: paths, links and headings exist, and every room is on the map."""

import re

import pytest

from tests.documents import DOCUMENTS, ROOT, SPAN, Document, documents

# A path in a document: `domain/ticket.py`, `docs/`, `Dockerfile` is none
NAMED = re.compile(r"`([a-z_.]+/[\w./-]*|[\w-]+\.(?:py|md|lock|toml|yml))[`:]")
ELSEWHERE = {"openapi.json", "dev.json", "__init__.py"}  # of a running system, of every package
MISSPELT = re.compile(
    r"\b(Github|Postgres|Postgresql|Fastapi|Sqlalchemy|ZarinPal|KaveNegar|Whatsapp|Sendgrid|Oauth"
    r"|Opentelemetry|Javascript|Typescript|Systemd|Graphql|Csrf|Cors)\b"
)
MAP = Document(ROOT / "docs/README.md")
every_document = pytest.mark.parametrize("document", documents(), ids=lambda each: each.name)


@every_document
def test_every_path_that_a_document_names_exists(document: Document) -> None:
    named = [name for name in NAMED.findall(document.text) if name not in ELSEWHERE]

    places = (ROOT, document.path.parent)
    assert not [name for name in named if not any((place / name).exists() for place in places)]


@every_document
def test_every_link_leads_to_a_page_and_a_heading_that_exist(document: Document) -> None:
    assert not [link for link in document.links if not leads_somewhere(link, document)]


def leads_somewhere(link: str, document: Document) -> bool:
    """Tell whether a link is sane; pages of others are not asked, but have to be https."""
    if ":" in link:
        return bool(re.match(r"https://[\w.-]+\.\w+(/|$)", link))
    name, _, anchor = link.partition("#")
    page = document.path.parent / name if name else document.path
    return page.exists() and (not anchor or anchor in Document(page).anchors)


@every_document
def test_a_document_begins_with_a_title_and_a_sentence_that_says_what_it_is_for(
    document: Document,
) -> None:
    assert document.text.startswith("# ")
    assert re.search(r"\w[.:*]", document.opening)
    assert not document.opening.startswith(("#", "|", "-", "```"))


@every_document
def test_names_are_spelt_as_their_owners_spell_them(document: Document) -> None:
    assert not MISSPELT.findall(SPAN.sub("", document.prose))


def test_every_room_is_on_the_map() -> None:
    readme = (ROOT / "README.md").read_text()
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert {name for name in packages if f"`{name}/`" not in readme} <= {"benchmarks"}


def test_every_page_is_on_the_map_of_the_documents() -> None:
    linked = {(MAP.path.parent / link).resolve() for link in MAP.links if ":" not in link}
    decisions = ROOT / "docs/decisions"
    pages = {path for path in DOCUMENTS if path.parent != decisions} | {decisions}

    assert pages - {MAP.path} == {path for path in linked if path in pages}


def test_every_picture_is_shown_somewhere_and_is_small() -> None:
    shown = {
        (document.path.parent / link).resolve()
        for document in documents()
        for link in [*document.links, *re.findall(r'src="([^"]+)"', document.text)]
    }
    pictures = {path for path in (ROOT / "docs/images").iterdir() if path.suffix != ".py"}

    assert pictures <= shown
    assert not [path for path in pictures if path.stat().st_size > 150_000]


def test_the_change_that_contributing_shows_fits_the_code() -> None:
    (shown,) = Document(ROOT / "CONTRIBUTING.md").blocks("diff")

    for part in shown.split("--- a/")[1:]:
        name, _, hunks = part.partition("\n")
        code = (ROOT / name).read_text()
        for hunk in re.split(r"^@@\n", hunks.partition("\n")[2], flags=re.MULTILINE):
            before = [line[1:] for line in hunk.splitlines() if line[:1] in {" ", "-"}]
            assert "\n".join(["", *before, ""]) in code, name


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/decisions").glob("*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))
