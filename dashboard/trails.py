"""Who did what to an experiment, in the words of the page's language."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from dashboard.formatting import format_share
from dashboard.timelines import Moment
from dashboard.words import find_word
from experiments.models import AuditEntry

_TONES = {"started": "good", "restarted": "good", "rolled_out": "good", "stopped": "warn"}


def tell_trail(entries: Sequence[AuditEntry], names: Mapping[str, str]) -> list[Moment]:
    """Newest first, as they come."""
    return [_tell(entry, names) for entry in entries]


def _tell(entry: AuditEntry, names: Mapping[str, str]) -> Moment:
    title = find_word("trail", entry.action)
    return Moment(
        entry.at,
        "edit",
        title,
        detail=" · ".join(filter(None, [_name_actor(entry.actor), _detail(entry, names)])),
        code=entry.action,
    )


def _name_actor(actor: str) -> str:
    return find_word("actor", actor) if actor else _("a program")


def _detail(entry: AuditEntry, names: Mapping[str, str]) -> str:
    detail = entry.detail
    match entry.action:
        case AuditEntry.Action.ROLLED_OUT:
            return names.get(detail.get("variant", ""), "")
        case AuditEntry.Action.RESTARTED:
            return str(detail.get("why", ""))
        case AuditEntry.Action.SPLIT_CHANGED:
            return _describe_split(detail.get("after", {}), names)
        case AuditEntry.Action.AUTOMATIC:
            return _("switched on") if detail.get("is_on") else _("switched off")
        case _:
            return ""


def _describe_split(weights: Mapping[str, float], names: Mapping[str, str]) -> str:
    total = sum(weights.values()) or 1.0
    return ", ".join(f"{names.get(key, key)} {format_share(w / total)}" for key, w in weights.items())
