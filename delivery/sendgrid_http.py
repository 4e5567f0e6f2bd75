"""The wire to SendGrid: kept connections, a total timeout, no redirects, no proxies, no secrets in logs."""

import json
import logging
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp

from delivery.base import Outcome, OutcomeKind
from delivery.configuration import ConfigurationError, is_loopback
from delivery.failpoints import reach
from delivery.outcomes import fail, judge_bug, judge_status, postpone

logger = logging.getLogger(__name__)

DEFAULT_HOST = "https://api.sendgrid.com"
_ANSWER_BYTES_MAX = 64 * 1024
# Less than servers keep an idle connection: one that is closed as we begin to write costs a certainty.
_IDLE_SECONDS = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request, and SendGrid's own words about it, field by field and not yet cleaned."""

    outcome: Outcome
    errors: str = ""


def check_key(api_key: str) -> None:
    """Raises ConfigurationError for a key that can't stand in a header. The error does not hold it."""
    if not re.fullmatch(r"[!-~]+", api_key):
        problem = "The key is missing or holds blanks."
        raise ConfigurationError(
            "SENDGRID_API_KEY", problem, mend="Set it to a key with the Mail Send right."
        )


def check_host(host: str) -> str:
    """The address without a trailing slash; https, or http on loopback. Raises ConfigurationError."""
    mend = f"Use {DEFAULT_HOST} or https://api.eu.sendgrid.com."
    parts = urlsplit(host)
    if parts.path.strip("/") or parts.query or parts.username or not parts.hostname:
        raise ConfigurationError("SENDGRID_HOST", "This is not a plain https address.", mend=mend)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ConfigurationError("SENDGRID_HOST", "The key would travel in clear text.", mend=mend)
    return host.rstrip("/")


def open_session(api_key: str, *, timeout: float, concurrency: int) -> aiohttp.ClientSession:
    """A session whose connections are kept from batch to batch; call it on the loop that will use it.

    `timeout` is the total for a request, in seconds, and not rounded up.
    """
    limits = aiohttp.ClientTimeout(total=timeout, sock_connect=min(10, timeout), ceil_threshold=math.inf)
    return aiohttp.ClientSession(
        timeout=limits,
        connector=aiohttp.TCPConnector(limit=concurrency, keepalive_timeout=_IDLE_SECONDS),
        headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"},
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[_note_bytes()],
        trust_env=False,
    )


def _note_bytes() -> aiohttp.TraceConfig:
    async def note(_session: object, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.has_sent = True

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(note)
    return trace


async def post(
    session: aiohttp.ClientSession, url: str, *, data: bytes, now: datetime, is_trial: bool = False
) -> Answer:
    """What became of one request. Raises nothing. Only of a trial is it no error that nothing was sent."""
    progress = SimpleNamespace(has_sent=False)
    try:
        async with session.post(
            url, data=data, allow_redirects=False, trace_request_ctx=progress
        ) as response:
            reach("after_bytes")
            return await _judge(response, now, is_trial=is_trial)
    except (aiohttp.ClientError, OSError) as error:
        return Answer(_judge_failure(error, has_sent=progress.has_sent, now=now))
    except Exception as error:  # noqa: BLE001 it must not cost the others of the batch their outcomes
        return Answer(judge_bug(error, now=now, may_have_left=progress.has_sent))


async def _judge(response: aiohttp.ClientResponse, now: datetime, *, is_trial: bool) -> Answer:
    answer = await _read_answer(response)
    if response.status == 202:  # the head alone decides, even if the body breaks off
        return Answer(Outcome(OutcomeKind.ACCEPTED, provider_id=response.headers.get("X-Message-Id", "")))
    if response.status == 200:
        detail = "SendGrid answered 200, not 202: a sandbox takes mail and sends nothing. Check the host."
        if not is_trial:
            logger.error("sendgrid_sandbox: nothing was sent")
        return Answer(fail(OutcomeKind.ROUTE_DOWN, "sandbox", detail))
    errors = _read_errors(answer)
    outcome = judge_status(response.status, response.headers, detail=errors, now=now)
    logger.warning("sendgrid answered %s: %s", response.status, outcome.kind)
    return Answer(outcome, errors)


async def _read_answer(response: aiohttp.ClientResponse) -> bytes:
    answer = b""
    with suppress(aiohttp.ClientError, OSError):
        while len(answer) < _ANSWER_BYTES_MAX and (chunk := await response.content.readany()):
            answer += chunk
    return answer[:_ANSWER_BYTES_MAX]


def _read_errors(answer: bytes) -> str:
    """SendGrid's own words, field by field, not yet cleaned; empty if they are not its JSON."""
    try:
        errors = json.loads(answer)["errors"]
        lines = [f"{error.get('field') or 'request'}: {error.get('message')}" for error in errors]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
    return "; ".join(lines)


def _judge_failure(error: Exception, *, has_sent: bool, now: datetime) -> Outcome:
    """No answer: certainly not sent before the first byte of the request, and unknown after it."""
    logger.warning("sendgrid request failed: %s", type(error).__name__)
    timed_out = isinstance(error, TimeoutError)
    if has_sent:
        reason = "timeout_after_bytes" if timed_out else "lost_after_bytes"
        return fail(OutcomeKind.UNKNOWN, reason, "The request was out, its answer never came.")
    if isinstance(error, aiohttp.ClientSSLError):
        return postpone(now, "tls_failed", detail="The connection could not be secured.")
    reason = "timeout" if timed_out else "connect_failed"
    return postpone(now, reason, detail="SendGrid could not be reached.")
