"""How mail clients read HTML, for tests: with conditional comments opened or left out, tag by tag."""

import re
from html.parser import HTMLParser

VOID = frozenset(["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source"])
_DOWN = re.compile(r"<!--\[if !mso[^>]*\]><!-->(.*?)<!--<!\[endif\]-->", re.DOTALL)
_OUTLOOK = re.compile(r"<!--\[if [^>]*\]>(.*?)<!\[endif\]-->", re.DOTALL)


def for_outlook(html: str) -> str:
    return _OUTLOOK.sub(r"\1", _DOWN.sub("", html))


def for_others(html: str) -> str:
    return _OUTLOOK.sub("", _DOWN.sub(r"\1", html))


class Skeleton(HTMLParser):
    """Elements, the names of their attributes and of their style declarations, addresses, and the words."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[object] = []
        self.addresses: list[str] = []
        self.words = ""
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(html)
        self.close()
        self.unbalanced += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.take_element(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.take_element(tag, attrs)

    def take_element(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        styles = [value or "" for name, value in attrs if name == "style"]
        self.shape.append((tag, [name for name, _ in attrs], [declared(style) for style in styles]))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "background")]
        self.addresses += [url for style in styles for url in re.findall(r"url\('?([^')]*)", style)]

    def handle_endtag(self, tag: str) -> None:
        self.shape.append(f"/{tag}")
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.shape.append(f"comment {data[:8]}")

    def handle_data(self, data: str) -> None:
        self.words += data


def declared(style: str) -> list[str]:
    """The names of the declarations as a CSS parser finds them: strings and brackets keep theirs."""
    without = re.sub(r"'[^']*'|\"[^\"]*\"|\([^)]*\)", "", style)
    return [part.split(":")[0].strip() for part in without.split(";") if part.strip()]
