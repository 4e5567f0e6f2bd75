"""How the same email looks elsewhere: on a phone, at night, with images off."""

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LOOKS: Mapping[str, str | Promise] = {
    "light": _("Light"),
    "dark": _("Dark"),
    "forced": _("Forced dark"),
    "bare": _("Images off"),
    "text": _("Plain text"),
}
WIDTHS: Mapping[str, str | Promise] = {"desktop": _("Desktop"), "phone": _("Phone")}

_DARK = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
_SCHEME = re.compile(r"color-scheme\s*:\s*light dark")
# What clients do that know no dark design: every colour turned over, pictures turned back.
_INVERTED = (
    "<style>html{background:#fff;filter:invert(1) hue-rotate(180deg)}"
    "img{filter:invert(1) hue-rotate(180deg)}</style></head>"
)


def dress(html: str, look: str) -> str:
    """The email as it looks there, whatever the colours of the reader's own system are."""
    is_dark = look == "dark"
    html = _DARK.sub("@media all" if is_dark else "@media not all", html)
    html = _SCHEME.sub(f"color-scheme: {'dark' if is_dark else 'light'}", html)
    return html.replace("</head>", _INVERTED, 1) if look == "forced" else html
