"""A sandboxed request: SendGrid judges key, sender and email as if it were a real one, and sends nothing."""

from datetime import datetime

from delivery.base import Outcome, OutcomeKind, Problem
from delivery.sendgrid_body import Body, encode_body
from delivery.sendgrid_http import open_session, post

_EXPLAINED = {
    "http_401": (
        "SENDGRID_API_KEY",
        "SendGrid does not know the key, or its credits are used up. Make a new key.",
    ),
    "http_403": (
        "PAIRWELL_FROM_EMAIL",
        "SendGrid forbids it: verify the sender or its domain there, and give the key the right Mail Send.",
    ),
    "http_404": ("SENDGRID_HOST", "No SendGrid answers at this address."),
    "http_405": ("SENDGRID_HOST", "No SendGrid answers at this address."),
    "connect_failed": (
        "SENDGRID_HOST",
        "Nobody answers at this address, or this machine may not connect to it.",
    ),
    "tls_failed": ("SENDGRID_HOST", "The connection could not be secured: look at the certificates here."),
}


async def try_out(body: Body, *, api_key: str, host: str, timeout: float, now: datetime) -> list[Problem]:
    """What SendGrid has against the email; empty where it would take it. Its answer to a sandbox is 200."""
    sandboxed = {**body, "mail_settings": {"sandbox_mode": {"enable": True}}}
    async with open_session(api_key, timeout=timeout, concurrency=1) as session:
        answer = await post(
            session, f"{host}/v3/mail/send", data=encode_body(sandboxed), now=now, is_trial=True
        )
    return _explain(answer.outcome, sender=body["from"]["email"])


def _explain(outcome: Outcome, *, sender: str) -> list[Problem]:
    if outcome.reason == "sandbox":
        return []
    unexplained = ("sendgrid", f"It would not take the email ({outcome.reason}).")
    field, why = _EXPLAINED.get(outcome.reason, unexplained)
    if outcome.kind is OutcomeKind.ACCEPTED:
        field, why = "SENDGRID_HOST", "It took the email for a real one: it knows no sandbox."
    said = f" It said: {outcome.detail}" if outcome.reason.startswith("http_") and outcome.detail else ""
    return [Problem(field, f"{why}{said} The sender was {sender}.")]
