"""Email addresses as SMTP can carry them, judged without DNS."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

ADDRESS_SHAPED = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")
_KEY_SHAPED = re.compile(r"SG\.[\w.-]+|(?<=Bearer )\S+")
# The validator quotes what it read ("… at position 3 of 'name'"); an address must not reach a log.
_QUOTED = re.compile(r"\(Codepoint .*?\)|: .*'.*")

# What nearly every address looks like; all that the validator could find wrong with one is left to it.
_PLAIN = re.compile(
    r"(?=.{6,120}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[a-z0-9](?:-?[a-z0-9])*\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,63}"
)
_LOCAL_CHARS_MAX, _LABEL_CHARS_MAX = 64, 63


class AddressError(ValueError):
    """Why an address can't be mailed. The text holds nothing of the address."""


@lru_cache(maxsize=8192)
def to_ascii_address(address: str) -> str:
    """The address with an IDN domain as A-labels, such as ``x@xn--bcher-kva.de``.

    Raises AddressError for anything but one mailable address: several addresses, a local part that
    needs SMTPUTF8, quoted local parts, IP literals, reserved names and lengths beyond RFC 5321.
    """
    if _is_plain(address):
        return address
    if not address.isprintable():
        raise AddressError("The address holds a control or invisible character.")
    if address.count("@") > 1:
        raise AddressError("This is more than one address, or one with two @-signs.")
    if not address.rpartition("@")[0].isascii():
        raise AddressError("The part before the @-sign is not ASCII: most mail servers can't take it.")
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise AddressError(_QUOTED.sub("", str(error)).strip().rstrip(".") + ".") from None
    return checked.ascii_email or checked.normalized


def _is_plain(address: str) -> bool:
    """Whether the address is so ordinary that the validator, which takes much longer, would return it."""
    if not _PLAIN.fullmatch(address):
        return False
    local, _, domain = address.partition("@")
    return len(local) <= _LOCAL_CHARS_MAX and max(map(len, domain.split("."))) <= _LABEL_CHARS_MAX


def hide_personal(text: str) -> str:
    """A provider's words without addresses and keys, fit for a log or a stored reason."""
    return _KEY_SHAPED.sub("[key]", ADDRESS_SHAPED.sub("[address]", text))
