"""Pictures: most readers see an email without them first."""

import re
from collections.abc import Iterator

from campaigns.checking.findings import Problem
from campaigns.checking.reading import Mail, attribute, find_words, is_seen, read_style

CHARACTERS_PER_PICTURE = 60
MIN_CHARACTERS = 200
_SIZE = re.compile(r"[\d.]+")


def check_alternatives(mail: Mail) -> Iterator[Problem]:
    """A picture that is a link and has no words: with images off, the link is gone."""
    for picture in mail.light.find_all("img"):
        if picture.get("alt") is None:
            hint = 'describe it in alt="…", or write alt="" where it is mere decoration'
            yield Problem("alt", "a picture has no alt", hint, needles=(attribute(picture, "src"),))


def check_sizes(mail: Mail) -> Iterator[Problem]:
    """Pictures of unknown width: Outlook shows them as large as they are, and the email jumps."""
    for picture in mail.light.find_all("img"):
        width = attribute(picture, "width") or read_style(picture).get("width", "")
        if is_seen(picture) and not _SIZE.match(width):
            source = attribute(picture, "src")
            hint = "write width (and height) in pixels; Outlook shows it in its own size otherwise"
            yield Problem("image-size", f"the picture “{source[-40:]}” has no width", hint, False, (source,))


def check_text_share(mail: Mail) -> Iterator[Problem]:
    """Emails that are mostly pictures: filters distrust them, and with images off nothing is said."""
    pictures = [picture for picture in mail.light.find_all("img") if is_seen(picture)]
    characters = sum(len(words) for words, _ in find_words(mail.light))
    wanted = max(MIN_CHARACTERS, CHARACTERS_PER_PICTURE * len(pictures))
    if pictures and characters < wanted:
        what = f"{characters} characters of text beside {_count_pictures(len(pictures))}"
        hint = f"say it in words as well; at least {wanted} characters"
        yield Problem("text-share", what, hint, is_error=False)


def _count_pictures(number: int) -> str:
    return "one picture" if number == 1 else f"{number} pictures"
