"""Would the configured way out take our mail? It is asked, and sends nothing."""

from datetime import datetime

from campaigns.header_checks import build_sample
from delivery.base import Problem, Transport


def check_route(transport: Transport, now: datetime) -> list[Problem]:
    """What is wrong with the transport, its account and both our senders; empty where mail could leave.

    SMTP is connected to and logged in to. SendGrid is given an order email and an offer in its sandbox. The
    others can only look at their settings.
    """
    problems = transport.check()
    try_out = getattr(transport, "try_out", None)
    if problems or try_out is None:
        return problems
    samples = [build_sample(is_marketing=is_marketing) for is_marketing in (False, True)]
    return [problem for sample in samples for problem in try_out(sample, now=now)]
