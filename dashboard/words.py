"""Codes of the database as words for people, in the language of the page.

A code nobody wrote a word for is shown as it is: an unknown word is better than a missing one.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Words = dict[str, "str | Promise"]

MESSAGE: Words = {
    "queued": _("Queued"),
    "sending": _("Being sent"),
    "accepted": _("Sent"),
    "skipped": _("Not sent"),
    "held_out": _("Held out"),
    "deferred": _("Later"),
    "rejected": _("Refused by the provider"),
    "unknown": _("Nobody can know"),
}
REACTION: Words = {
    "processed": pgettext_lazy("reaction", "Accepted by the provider"),
    "deferred": pgettext_lazy("reaction", "Delayed by the mailbox"),
    "delivered": pgettext_lazy("reaction", "Delivered"),
    "bounced": pgettext_lazy("reaction", "Bounced"),
    "blocked": pgettext_lazy("reaction", "Blocked by the mailbox"),
    "dropped": pgettext_lazy("reaction", "Dropped by the provider"),
    "opened": pgettext_lazy("reaction", "Opened"),
    "clicked": pgettext_lazy("reaction", "Clicked"),
    "unsubscribed": pgettext_lazy("reaction", "Unsubscribed"),
    "complained": pgettext_lazy("reaction", "Marked as spam"),
}
ENROLMENT: Words = {
    "waiting": _("Waiting for its time"),
    "done": _("Finished"),
    "exited": _("Left early"),
    "refused": _("Not enrolled"),
}
EVENT: Words = {
    "customer.updated": _("Customer details changed"),
    "customer.merged": _("Two customers are one person"),
    "product.updated": _("Product changed"),
    "product.viewed": _("Looked at a product"),
    "order.placed": _("Placed an order"),
    "product.back_in_stock": _("Something asked for is back in stock"),
    "product.price_reduced": _("Something looked at costs less"),
    "customer.occasion": _("Birthday or anniversary"),
    "referral.offered": _("Got a link to pass on"),
    "order.shipped": _("Order shipped"),
    "order.delivered": _("Order delivered"),
    "order.cancelled": _("Order cancelled"),
    "order.refunded": _("Order refunded"),
    "cart.updated": _("Changed the cart"),
    "cart.closed": _("Cart closed"),
    "consent.granted": _("Agreed to marketing mail"),
    "consent.withdrawn": _("Said no to marketing mail"),
    "consent.requested": _("Asked for marketing mail"),
}
CONSENT: Words = {
    "granted": _("Agreed to marketing mail"),
    "withdrawn": _("Said no to marketing mail"),
    "explicit": _("explicit consent"),
    "soft_opt_in": _("customer relation (soft opt-in)"),
    "inquiry": _("inquiry before a purchase"),
    "objection": _("objection"),
}
STATUS: Words = {
    "live": pgettext_lazy("campaign", "Live"),
    "active": pgettext_lazy("trigger", "Active"),
    "paused": _("Paused"),
    "draft": _("Draft"),
    "running": pgettext_lazy("experiment", "Running"),
    "stopped": pgettext_lazy("experiment", "Stopped"),
}
BOUNCE: Words = {
    "invalid_address": _("The address does not exist."),
    "mailbox_unavailable": _("The mailbox is full or closed for now."),
    "technical": _("The mailbox's server had a technical fault."),
    "content": _("The mailbox did not like what the email says."),
    "reputation": _("The mailbox does not trust the sender."),
    "frequency": _("The mailbox had got too many emails at once."),
    "unclassified": _("The mailbox gave no clear reason."),
}
CHANGE: Words = {
    "paused": _("Paused"),
    "resumed": _("Resumed"),
    "edited": _("Settings changed"),
    "cancelled": _("Waiting emails cancelled"),
    "noted": _("Seen"),
    "listed": _("Put on a list"),
    "unlisted": _("Taken off its list"),
    "pinned": _("Pinned"),
    "unpinned": _("Pin removed"),
    "paired": _("Goes together, by hand"),
    "unpaired": _("Goes together no more, by hand"),
}
SAME_TYPE: Words = {
    "learnt": _("As learnt from orders"),
    "never": _("Never"),
    "always": _("Always welcome"),
}
FALLBACK: Words = {
    "none": _("Show nothing"),
    "types": _("Best sellers of the types that go with it"),
    "departments": _("Then best sellers of its department"),
    "shop": _("Then best sellers of the whole shop"),
}
PLACE: Words = {
    "whole shop": _("The whole shop"),
    "api": _("Pages of the shop"),
}
DECISION_KIND: Words = {
    "listing": _("Only these, never these"),
    "pin": _("Pinned products"),
    "complement": _("Goes together by hand"),
}
DECISION_STATE: Words = {
    "now": _("In force"),
    "later": _("Not yet"),
    "over": _("Over"),
}
SIDE: Words = {
    "exclude": _("Never these"),
    "include": _("Only these"),
}
ROUTE: Words = {
    "flowing": pgettext_lazy("route", "Open"),
    "paused": _("Paused"),
    "open": pgettext_lazy("route", "Held back"),
    "half_open": pgettext_lazy("route", "Trying again"),
}
CLASS: Words = {
    "transactional": _("Transactional"),
    "marketing": _("Marketing"),
    "legal": _("Asked for by law"),
}
KIND: Words = {
    "complement": _("Goes with it"),
    "upgrade": _("A better one"),
    "service": _("A service for it"),
    "repeat": _("Due again"),
}
METRIC: Words = {
    "click": _("Clicks"),
    "conversion": _("Orders"),
    "revenue": _("Revenue"),
    "margin": _("Margin"),
    "order_value": _("Order value"),
}
FINDING: Words = {
    "still collecting": _("Still collecting"),
    "better": _("Better"),
    "worse": _("Worse"),
    "no difference found": _("No difference found"),
    "does harm": _("Does harm"),
    "the split is broken": _("The split is broken"),
}
SKIPPED: Words = {
    "few_conversions": _("too few so far"),
    "empty_arm": _("an arm is empty"),
}
GUARD: Words = {
    "": _("Fine"),
    "warn": _("Watch it"),
    "stop": _("Stop it"),
}
TRAIL: Words = {
    "started": pgettext_lazy("experiment", "Started"),
    "stopped": pgettext_lazy("experiment", "Stopped"),
    "restarted": _("Started again"),
    "split": _("Split changed"),
    "rolled_out": _("Rolled out to everybody"),
    "edited": _("Draft written"),
    "automatic": _("Automatic roll-out"),
}
ACTOR: Words = {
    "automatic roll-out": _("the automatic roll-out"),
    "test and roll": _("the test on a part of the list"),
    "allocation, not evidence": _("the daily allocation"),
}

SLOT: Words = {
    "basket": _("With a cart"),
    "single": _("With one product"),
    "next_new": _("After a purchase"),
    "repeat": _("Due again"),
    "upgrade": _("A better one"),
}
TASK: Words = {
    "basket": _("The rest of an order, half of it known"),
    "single": _("The rest of an order, one product known"),
    "next_new": _("The next order: products new to the customer"),
    "repeat": _("The next order: any product"),
    "upgrade": _("What customers traded up to"),
}
METHOD: Words = {
    "engine": "Pairwell",
    "engine_with_rules": _("Pairwell, as emails show it"),
    "popularity_30d": _("Best-sellers of 30 days"),
    "popularity": _("Best-sellers of all time"),
    "co_occurrence": _("Bought together, plainly counted"),
    "cosine": _("Cosine"),
    "bm25": "BM25",
}
TABLES: dict[str, Words] = {
    "message": MESSAGE,
    "reaction": REACTION,
    "enrolment": ENROLMENT,
    "event": EVENT,
    "consent": CONSENT,
    "status": STATUS,
    "bounce": BOUNCE,
    "change": CHANGE,
    "decision_kind": DECISION_KIND,
    "decision_state": DECISION_STATE,
    "side": SIDE,
    "place": PLACE,
    "same_type": SAME_TYPE,
    "fallback": FALLBACK,
    "route": ROUTE,
    "class": CLASS,
    "kind": KIND,
    "metric": METRIC,
    "finding": FINDING,
    "skipped": SKIPPED,
    "guard": GUARD,
    "trail": TRAIL,
    "actor": ACTOR,
    "method": METHOD,
    "slot": SLOT,
    "task": TASK,
}

_TONES = {
    "good": "now flowing accepted delivered live active running done granted clicked opened order.placed"
    " consent.granted",
    "warn": "later half_open held_out deferred paused unknown exited in_doubt blocked waiting dropped",
    "bad": "open rejected bounced complained withdrawn unsubscribed skipped refused consent.withdrawn",
}
TONES = {code: tone for tone, codes in _TONES.items() for code in codes.split()}


def find_word(table: str, code: str) -> str:
    return str(TABLES[table].get(code, code))
