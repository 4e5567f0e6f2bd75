"""From the engine's HTML to the HTML that is stored: smaller, titled, in the right direction."""

import re

from campaigns.languages import Direction

_RUNS = re.compile(r"[ \t\r]*\n[ \t\r\n]*")
_SPACES = re.compile(r"[ \t]{2,}")
_PREFORMATTED = re.compile(r"(<pre\b.*?</pre\s*>)", re.DOTALL | re.IGNORECASE)
_BRACES = re.compile(r"\{(?=[{%#])")
_ROOT = re.compile(r"<html lang=\"[^\"]*\" dir=\"[^\"]*\"")
_ARTICLE = re.compile(r"(role=\"article\") lang=\"[^\"]*\" dir=\"[^\"]*\"")
_TITLE = re.compile(r"<title>\s*</title>")
_TABLE = re.compile(r"<table\b(?![^>]*\sdir=)")
_BODY = re.compile(r"<body(?=[ >])[^>]*>")
# Invisible characters that keep a mail client from showing the first words of the body after the preheader.
_PADDING = "&#847;&zwnj;&nbsp;" * 40
_HIDDEN = (
    "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;"
    "mso-hide:all"
)


def trim(html: str) -> str:
    """Without indentation. Conditional comments stay, and so do no-break spaces and all within <pre>."""
    pieces = _PREFORMATTED.split(_BRACES.sub("{ ", html))
    pieces[::2] = [_SPACES.sub(" ", _RUNS.sub("\n", piece)) for piece in pieces[::2]]
    return "".join(pieces).strip()


def finish(html: str, *, language: str, direction: Direction, subject: str, preheader: str) -> str:
    """`subject` and `preheader` are Jinja; `html` gets language and direction where clients look for them."""
    marks = f'lang="{language}" dir="{direction}"'
    html = _ROOT.sub(f"<html {marks}", html, count=1)
    html = _ARTICLE.sub(rf"\1 {marks}", html, count=1)
    html = _TITLE.sub(lambda _: f"<title>{subject}</title>", html, count=1)
    hidden = f'<div style="{_HIDDEN}">{preheader}{_PADDING}</div>'
    html = _BODY.sub(lambda match: f"{match.group()[:-1]} {marks}>{hidden}", html, count=1)
    if direction == "rtl":  # Outlook's Word engine knows the attribute of tables, not the style of cells
        html = _TABLE.sub('<table dir="rtl"', html)
    return html.replace("</body>", "{{ _pixel }}</body>")
