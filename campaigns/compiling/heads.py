"""Title and preview of a file that was written for MJML alone: there they stand in its head."""

import re
from collections.abc import Collection
from html import unescape

from campaigns.compiling.source import Segment, Source

_HEAD_WORDS = re.compile(r"<mj-(title|preview)\s*>(.*?)</mj-\1\s*>", re.DOTALL)
_KEYS = {"title": "subject", "preview": "preheader"}


def find_head_words(source: Source) -> dict[str, Source]:
    """What <mj-title> and <mj-preview> say, under the names that texts have here; nothing for empty ones."""
    found: dict[str, Source] = {}
    for match in _HEAD_WORDS.finditer(source.text):
        words = match[2].strip()
        if words:
            start = match.start(2) + match[2].index(words)
            segments = (Segment(0, start, is_copy="&" not in words),)
            found[_KEYS[match[1]]] = Source(unescape(words), source.file, parent=source, segments=segments)
    return found


def strip_head_words(source: Source, used: Collection[Source]) -> Source:
    """Without the words that were `used`, and without empty ones; what else there is will be refused."""
    found = find_head_words(source)
    return source.rewrite(
        (match.start(), match.end(), "")
        for match in _HEAD_WORDS.finditer(source.text)
        if not match[2].strip() or found[_KEYS[match[1]]] in used
    )
