"""Where the addresses of an email lead: looked up by Jinja and by generated code alike."""

import re

from markupsafe import escape

from campaigns.compiling.addresses import Address, safe_url

MAX_LINKS = 16_384  # addresses that a process keeps
_SPECIAL = re.compile("[&<>'\"]")


class Links(dict[object, Address]):
    """Addresses, and where they lead in this message: a subclass finds out, once for each of them.

    Jinja calls it, generated code looks into it.
    """

    __slots__ = ()

    def __call__(self, address: object) -> Address:
        return self[address]


class HtmlLinks(dict[object, str]):
    """The same addresses, escaped for an attribute."""

    __slots__ = ("limit", "links")

    def __init__(self, links: Links, limit: int = MAX_LINKS) -> None:
        self.links = links
        self.limit = limit

    def __missing__(self, address: object) -> str:
        link: str = self.links[address]
        if _SPECIAL.search(link):
            link = str(escape(str(link)))
        if len(self) >= self.limit:
            self.clear()
        self[address] = link
        return link


class _PlainLinks(Links):
    """Addresses that lead where they say: the same for all messages whose clicks are not tracked."""

    __slots__ = ()

    def __missing__(self, address: object) -> Address:
        link = safe_url(address)
        if len(self) >= MAX_LINKS:
            self.clear()
        if type(address) is str:
            self[address] = link
        return link


PLAIN_LINKS = _PlainLinks()
PLAIN_HTML_LINKS = HtmlLinks(PLAIN_LINKS)
