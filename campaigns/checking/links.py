"""Where links lead, and whether a thumb finds them."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from campaigns.checking.findings import Problem
from campaigns.checking.reading import Mail, attribute, is_seen, lineage, read_style

TOUCH = 44  # pixels that a thumb needs, by WCAG 2.2, 2.5.5
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SCHEMES = frozenset({"https", "http", "mailto", "tel"})


def _find_links(mail: Mail) -> Iterator[tuple[Tag, str, str]]:
    """Each link that is seen, with its address and its words (or those of its picture).

    Not the thumbnails of a carousel: they lead nowhere, their label changes the picture.
    """
    for link in mail.light.find_all("a"):
        if is_seen(link) and not link.find("label"):
            pictures = " ".join(attribute(picture, "alt") for picture in link.find_all("img"))
            yield link, attribute(link, "href").strip(), link.get_text(" ", strip=True) or pictures


def check_addresses(mail: Mail) -> Iterator[Problem]:
    """Links that lead nowhere, that clients refuse, or that anyone on the way can read."""
    for link, address, words in _find_links(mail):
        if link.get("name") and not address:  # a place to jump to
            continue
        scheme = _SCHEME.match(address)
        needles = (f'"{address}"', words) if address not in ("", "#") else (words,)
        if address in ("", "#"):
            hint = "give it an address; a value that is no https address becomes # as well"
            yield Problem("links", f"the link “{words[:40]}” leads nowhere", hint, needles=needles)
        elif address.startswith("#"):
            if not mail.light.find(id=address[1:]) and not mail.light.select_one(f"[name='{address[1:]}']"):
                hint = "give the place that id, or link to a page"
                yield Problem("links", f"“{address}” is not in the email", hint, needles=needles)
        elif scheme is None or scheme[1].lower() not in _SCHEMES:
            hint = "start it with https:// (or mailto: or tel:)"
            yield Problem("links", f"“{address[:60]}” is no address", hint, needles=needles)
        elif scheme[1].lower() == "http":
            hint = "write https:// where the page has it; others on the way could read and change it"
            yield Problem("links", f"“{address[:60]}” is not encrypted", hint, False, needles)


def check_link_words(mail: Mail) -> Iterator[Problem]:
    """Links without any words, which screen readers can only spell out."""
    for link, address, words in _find_links(mail):
        if not words and not (link.get("name") and not address):
            hint = "write words into it, or an alt for its picture"
            yield Problem("links", f"the link to “{address[:60]}” has no words", hint, False, (address,))


def check_touch_targets(mail: Mail) -> Iterator[Problem]:
    """Buttons that are lower than a thumb is wide. Links inside of a text are as high as its lines."""
    for link, _, words in _find_links(mail):
        style = read_style(link)
        if style.get("display") not in ("block", "inline-block") or link.find("img"):
            continue
        height = _line_height(link) + sum(_vertical_padding(style))
        if 0 < height < TOUCH - 0.5:
            hint = f"make it at least {TOUCH} high with inner-padding, padding or line-height"
            what = f"the button “{words[:40]}” is {height:.0f} pixels high"
            yield Problem("touch", what, hint, is_error=False, needles=(words,))


def _line_height(link: Tag) -> float:
    """In pixels; 0 where it can't be told."""
    size = _nearest(link, "font-size", r"([\d.]+)px") or 0.0
    style = next((s for s in map(read_style, lineage(link)) if "line-height" in s), {})
    found = re.match(r"([\d.]+)(px|%|)", style.get("line-height", "120%"))
    if found is None:
        return 0.0
    factor = {"px": 1.0, "%": size / 100, "": size}[found[2]]
    return float(found[1]) * factor


def _nearest(tag: Tag, name: str, pattern: str) -> float | None:
    for style in map(read_style, lineage(tag)):
        if found := re.match(pattern, style.get(name, "")):
            return float(found[1])
    return None


def _vertical_padding(style: dict[str, str]) -> tuple[float, float]:
    sides = [float(size) for size in re.findall(r"([\d.]+)(?:px)?", style.get("padding", ""))] or [0.0]
    top, bottom = sides[0], sides[2] if len(sides) > 2 else sides[0]
    own = [re.match(r"([\d.]+)", style.get(f"padding-{side}", "")) for side in ("top", "bottom")]
    return (float(own[0][1]) if own[0] else top, float(own[1][1]) if own[1] else bottom)


def check_remote_sheets(mail: Mail) -> Iterator[Problem]:
    """Style sheets and fonts of others: whoever serves them learns who opens the email, and when."""
    page = BeautifulSoup(mail.rendered.html, "html.parser")
    sheets = [attribute(link, "href") for link in page.find_all("link")]
    for address in dict.fromkeys(filter(_SCHEME.match, sheets)):
        host = address.split("/")[2] if "//" in address else address
        hint = "take a font that readers have; MJML loads the ones it knows by name, such as Roboto"
        yield Problem("privacy", f"readers fetch a style sheet from {host}", hint, False, (host, "Roboto"))
