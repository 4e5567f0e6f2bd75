"""What is done to subjects and texts when they are ready: one line, no gaps."""

import re

MAX_SUBJECT = 250
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+| {2,}")
_GAPS = re.compile(r"\n(?:[ \t]*\n){2,}")


def join_lines(text: str) -> str:
    if text.isprintable() and "  " not in text:  # most are, and to ask is ten times as fast
        return text.strip(" ")
    return _LINE_BREAKS.sub(" ", text).strip(" ")


def cut_subject(text: str) -> str:
    """One line of at most 250 characters."""
    return join_lines(text)[:MAX_SUBJECT]


def close_gaps(text: str) -> str:
    """At most one blank line at a time. What stands on either side of a letter never matters to the other."""
    if "\n " in text or ("\t" in text and "\n\t" in text):
        return _GAPS.sub("\n\n", text)
    while "\n\n\n" in text:  # to look and to replace is ten times as fast
        text = text.replace("\n\n\n", "\n\n")
    return text


def tidy_text(text: str) -> str:
    return close_gaps(text).strip() + "\n"
