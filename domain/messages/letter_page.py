"""The page of an e-mail: one column that fits a phone, without tables, scripts or pictures."""

from collections.abc import Iterable
from html import escape
from string import Template
from typing import Final

from domain.messages.direction import APART, TOGETHER, plain

PLATFORM: Final = "Assets"
# Inline styles are all that programs for e-mail agree on. Some of them drop <html> and <body>, so
# the language and the direction stand on the first element of ours as well.
_PAGE: Final = Template("""<!doctype html>
<html lang="$language" dir="$direction">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>$subject</title>
</head>
<body style="margin:0;padding:0;background:#eef1f6">
<div lang="$language" dir="$direction" style="$paper">
<div style="max-width:560px;margin:0 auto">
<p style="$name"><bdi>$platform</bdi></p>
<div style="$card">
<h1 style="$title">$heading</h1>
$body
</div>
<p style="$footer">$why</p>
</div>
</div>
</body>
</html>
""")
_STYLES: Final = {
    "paper": "background:#eef1f6;color:#16202e;padding:24px 16px;font-size:16px;line-height:1.75;"
    "font-family:Vazirmatn,'Segoe UI',Tahoma,Arial,sans-serif",
    "name": "margin:0 4px 12px;font-size:18px;font-weight:700;color:#0f6b5c",
    "card": "background:#ffffff;border:1px solid #dfe4ec;border-radius:14px;padding:24px",
    "title": "margin:0 0 16px;font-size:20px;line-height:1.5;font-weight:700",
    "footer": "margin:16px 4px 0;font-size:13px;line-height:1.6;color:#5b6779",
}
_PARAGRAPH: Final = '<p style="margin:0 0 16px;overflow-wrap:anywhere">{}</p>'
_BUTTON: Final = (
    '<p style="margin:24px 0 20px"><a href="{address}" style="display:inline-block;'
    "background:#0f6b5c;color:#ffffff;text-decoration:none;font-weight:700;padding:12px 22px;"
    'border-radius:10px">{words}</a></p>'
)
# For whoever cannot press it; an address is read from left to right in every language.
_ADDRESS: Final = (
    '<p style="margin:0;font-size:12px;line-height:1.5;overflow-wrap:anywhere">'
    '<a href="{address}" dir="ltr" style="color:#5b6779">{address}</a></p>'
)


def page(
    language: tuple[str, str],
    heading: str,
    lines: Iterable[str],
    link: tuple[str, str] | None,
    why: str,
) -> str:
    """Write a page.

    Args:
        language: Its code, and its direction.
        heading: What stands at the top, and in the title of the window.
        lines: The paragraphs.
        link: The words of its button, and where that leads.
        why: Why the reader gets it.
    """
    body = [_PARAGRAPH.format(_marked(line)) for line in lines]
    if link:
        words, address = (escape(part) for part in link)
        body += [_BUTTON.format(words=words, address=address), _ADDRESS.format(address=address)]
    code, direction = language
    return _PAGE.substitute(
        _STYLES,
        language=code,
        direction=direction,
        subject=escape(plain(heading)),
        heading=_marked(heading),
        platform=PLATFORM,
        body="\n".join(body),
        why=_marked(why),
    )


def _marked(text: str) -> str:
    return escape(text).replace(APART, "<bdi>").replace(TOGETHER, "</bdi>")
