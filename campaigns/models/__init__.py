"""Campaigns, their outbox, and the news about what was sent."""

from campaigns.models.control import Alert, Allowance, Route, SendingDay
from campaigns.models.design import Campaign, CompiledEmail, EmailTemplate, Step, TemplateVersion
from campaigns.models.news import (
    MessageEvent,
    PreviewMail,
    RefusedMail,
    TrackedLink,
    VisitScore,
    WebhookPayload,
)
from campaigns.models.outbox import Message, MessageOutcome, MessageProduct, RenderedMessage, SendBatch
from campaigns.models.proofs import ProofEmail
from campaigns.models.trials import Trial

__all__ = [
    "Alert",
    "Allowance",
    "Campaign",
    "CompiledEmail",
    "EmailTemplate",
    "Message",
    "MessageEvent",
    "MessageOutcome",
    "MessageProduct",
    "PreviewMail",
    "ProofEmail",
    "RefusedMail",
    "RenderedMessage",
    "Route",
    "SendBatch",
    "SendingDay",
    "Step",
    "TemplateVersion",
    "TrackedLink",
    "Trial",
    "VisitScore",
    "WebhookPayload",
]
