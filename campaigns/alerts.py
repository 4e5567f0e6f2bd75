"""Alerts: what a person has to know, stored once and logged once, however often it happens meanwhile."""

import logging
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from campaigns.models import Alert, Campaign

logger = logging.getLogger(__name__)


def name_route(name: str) -> str:
    """The subject of alerts about a route."""
    return f"route:{name}"


def name_campaign(campaign: Campaign) -> str:
    """The subject of alerts about a campaign."""
    return f"campaign:{campaign.key}"


def raise_alert(
    code: str, subject: str, *, now: datetime, detail: str = "", figures: Mapping[str, object] | None = None
) -> bool:
    """Stores the alert unless the same one is open already; returns whether it is new.

    `one_open_alert_per_code_and_subject` decides between two workers. A new one is logged at ERROR, and
    given to `PAIRWELL_ALERT_HOOK`, once its transaction is committed.
    """
    if Alert.objects.filter(code=code, subject=subject, resolved_at=None).exists():
        return False
    alert = Alert(code=code, subject=subject, detail=detail[:255], figures=dict(figures or {}), raised_at=now)
    made = Alert.objects.bulk_create([alert], ignore_conflicts=True)
    transaction.on_commit(lambda: _tell(made[0]))
    return True


def resolve_alerts(subject: str, now: datetime, *, codes: tuple[str, ...] = ()) -> int:
    """Closes the open alerts about the subject, all or those with the codes; returns how many."""
    opened = Alert.objects.filter(subject=subject, resolved_at=None)
    if codes:
        opened = opened.filter(code__in=codes)
    return opened.update(resolved_at=now)


def _tell(alert: Alert) -> None:
    """One line in the log, and the shop's own hook: an email to the staff, a message to its chat."""
    logger.error(
        "An alert was raised: %s (%s). %s",
        alert.code,
        alert.subject,
        alert.detail,
        extra={"figures": alert.figures},
    )
    if path := settings.PAIRWELL["ALERT_HOOK"]:
        try:
            import_string(path)(alert)
        except Exception:
            logger.exception("The alert hook failed; the alert is stored all the same.")
