"""Tidy product titles out of a warehouse's shouted descriptions."""

import re
from collections import Counter

_SMALL_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "by", "de", "for", "from", "in", "of", "on", "or", "the", "to", "with")
)
_ACRONYMS = frozenset(["cd", "diy", "dvd", "ii", "iii", "led", "mp3", "tv", "uk", "usa", "usb"])
_SET_OF = re.compile(r"\bs/(\d+)\b", re.IGNORECASE)
_MEASURE = re.compile(r"[\d.]+(x[\d.]+)*(cm|mm|m|g|kg|ml|l|w|pc|pcs)?(x[\d.]+(cm|mm|m)?)*", re.IGNORECASE)
_CENTIMETRES = re.compile(r"(?<=\d)cm(?=x)", re.IGNORECASE)
_STOCK_ROOM_WORDS = re.compile(
    r"\b(adjust\w*|amazon|barcode|broken|came coded|check|counted|cracked|credit\w*|crushed|dagamed"
    r"|damage\w*|display|dotcom\w*|ebay|faulty|found|given away|incorrect\w*|lost|mailout|manual"
    r"|mark(?:ed)? as|michel oops|missing|mix(?:ed)? up|mouldy|oops|rcvd|returned|reverse|rusty|sale error"
    r"|samples?|showroom|smashed|smudges|sold (?:as|in|with)|stock|taig|test|throw\w*|unsaleable"
    r"|website fixed|wet|wrong\w*)\b",
    re.IGNORECASE,
)


_CHARGES = frozenset({"Next Day Carriage", "PACKING CHARGE", "High Resolution Image"})
_ABBREVIATIONS = {"ass": "Assorted", "asst": "Assorted", "asstd": "Assorted", "w": "with", "col": "Colour"}


def is_stock_room_note(description: str) -> bool:
    """Whether a description is a clerk's remark ("damages?", "sold as set on dotcom") and no product."""
    is_shouted = description == description.upper()
    return (
        "?" in description
        or description in _CHARGES
        or (not is_shouted and bool(_STOCK_ROOM_WORDS.search(description)))
    )


def choose_description(seen: Counter[str]) -> str:
    """The most frequent description that names a product; ties go to the longer, then the first by letter."""
    usable = {text: count for text, count in seen.items() if text and not is_stock_room_note(text)}
    return min(usable, key=lambda text: (-usable[text], -len(text), text), default="")


def tidy_title(description: str) -> str:
    """ "WHITE HANGING HEART T-LIGHT HOLDER" as a shop writes it: "White Hanging Heart T-Light Holder"."""
    text = _SET_OF.sub(r"SET OF \1", description.strip(" *.,"))
    text = _CENTIMETRES.sub("", text)
    text = re.sub(r"\s*,\s*", ", ", text)
    text = re.sub(r"\s+", " ", text).strip()
    words = text.split(" ")
    return " ".join(_tidy_word(word, is_first=index == 0) for index, word in enumerate(words))


def _tidy_word(word: str, *, is_first: bool) -> str:
    lowered = word.lower()
    bare = lowered.strip("(),.\"'")
    if bare in _ABBREVIATIONS:
        return _ABBREVIATIONS[bare]
    if bare in _ACRONYMS:
        return word.upper()
    if _MEASURE.fullmatch(bare):
        return lowered
    if bare in _SMALL_WORDS and not is_first:
        return lowered
    return re.sub(r"(?<![\w'’.])\w|(?<=[-/&(\"])\w", lambda found: found.group().upper(), lowered)
