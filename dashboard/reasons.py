"""Reason codes as sentences that answer "why not?" without jargon."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, "str | Promise"] = {
    # Enrolments
    "reentry_once": _("This trigger writes to each customer only once, and already had."),
    "reentry_days": _("The customer had been through this trigger too recently."),
    "before_active_from": _("It happened before the trigger was switched on."),
    "ordered": _("The customer ordered in the meantime."),
    "cart_closed": _("The cart was closed before the email was due."),
    "cart_empty": _("The cart was empty."),
    "order_cancelled": _("The order was cancelled."),
    "no_customer": _("The event belongs to no known customer."),
    "order_refunded": _("The order was refunded in full."),
    "trigger_paused": _("The trigger was paused."),
    "trigger_broken": _("The trigger failed on this event; the error is in the log."),
    "settings_invalid": _("The settings of the trigger are wrong; someone has to mend them."),
    # May we?
    "no_consent": _("The customer has not agreed to marketing mail."),
    "withdrawn": _("The customer has said no to marketing mail."),
    "suppressed": _("The address is on the list of addresses that get no mail."),
    "paused": _("The customer asked for a break from our mail."),
    "frequency_cap": _("The customer had already received as much mail as the limit allows."),
    "quiet_hours": _("It was night where the customer lives, so the email waits for the morning."),
    "soft_opt_in_not_allowed": _(
        "The customer is in a country where a purchase alone does not allow marketing mail."
    ),
    "soft_opt_in_expired": _("The customer's consent is too old to count."),
    "soft_opt_in_incomplete": _("The shop did not say that a way to refuse was offered with the purchase."),
    "consent_expired": _("The customer's consent has run out."),
    "topic_declined": _("The customer does not want this kind of email."),
    "lacks_legal_parts": _("The email lacks something that the law asks for; the details say what."),
    "recipient_not_allowed": _("This installation may write only to the addresses on its list."),
    "erased": _("The person was erased."),
    "not_requested": _("Nobody asked for this email."),
    "already_subscribed": _("The customer has agreed already."),
    "asked_recently": _("The customer was asked less than 30 days ago and has not answered."),
    "asked_enough": _("The customer was asked twice and never answered."),
    "confirmed_already": _("The address is confirmed already."),
    "request_expired": _("The request is older than 7 days."),
    "complained": _("The customer marked our mail as spam."),
    "facts_changed": _("The order or the stock changed at the last moment, so it is looked at again."),
    "rate_limit": _(
        "As many emails as the limit allows had left in that minute; it goes with the next ones."
    ),
    "domain_limit": _("As many emails as the limit allows had left for that mail provider; it goes next."),
    "warm_up": _("The sender is new and sends a little more every day; it goes on the next day."),
    "cancelled_by_hand": _("Somebody cancelled it before it was sent."),
    "late_receipt": _("The mail provider's answer came late: it has taken the email."),
    "standing_changed": _("The customer's choice changed at the last moment, so it is looked at again."),
    "merged": _("The shop told us that this customer is another one; what follows stands there."),
    "no_address": _("The customer has no email address."),
    "awaits_leader": _("Versions are tried on a part of the list first; the rest gets the one that leads."),
    "campaign_paused": _("The campaign is paused."),
    "held_out": _("The customer belongs to the comparison group that gets no email."),
    # Making it
    "render_failed": _("The email could not be put together from its template."),
    "nothing_to_show": _("There was no product worth showing."),
    "expired": _("It was too late for the email to make sense."),
    "invalid_envelope": _("The email was not complete enough to be sent."),
    "error": _("Something failed inside Pairwell; the error is kept with the message and in the log."),
    # Handing it over
    "timeout": _("The mail provider did not answer in time."),
    "in_doubt": _(
        "The connection broke while sending; nobody can know whether it left, so it is not sent twice."
    ),
    "worker_stopped": _("Sending was interrupted before the email left; it will be tried again."),
    "possible_duplicate": _(
        "Nobody can know whether it left; an order email is rather sent twice than never."
    ),
    "seen_by_provider": _("The mail provider confirmed it later."),
    "cancelled": _("The mail provider was told not to send it."),
    "recipient_refused": _("The mail server refused the address."),
    "route_down": _("The way out for mail was closed; it will be tried again."),
    "rate_limited": _("The mail provider asked us to slow down; it will be tried again."),
    "batch_time_over": _("Its batch ran out of time; it will be tried again."),
    **dict.fromkeys(
        ["connect_failed", "connection_lost", "tls_failed", "provider_failing"],
        _("The mail provider could not be reached; it will be tried again."),
    ),
    **dict.fromkeys(
        ["configuration", "starttls_missing", "login_not_offered", "unsupported"],
        _("The mail provider is not set up right; someone has to mend the settings."),
    ),
    **dict.fromkeys(
        ["lost_after_bytes", "lost_after_dot", "timeout_after_bytes", "timeout_after_dot", "unknown"],
        _("The mail provider never confirmed it; nobody can know whether it left."),
    ),
}
_PROVIDER_CODE = re.compile(r"(smtp|http)_(\d{3})")


def explain_reason(code: str) -> str:
    """A sentence for a reason code; provider answers such as smtp_550 keep their number."""
    if sentence := SENTENCES.get(code):
        return str(sentence)
    if match := _PROVIDER_CODE.fullmatch(code):
        return _explain_provider_code(match[1], int(match[2]))
    return gettext("Reason: %(code)s.") % {"code": code.replace("_", " ")} if code else ""


def _explain_provider_code(protocol: str, number: int) -> str:
    if protocol == "smtp" and number >= 500:
        return gettext("The mailbox refused the email for good (SMTP %(number)s).") % {"number": number}
    if protocol == "smtp":
        return gettext("The mailbox could not take the email just then (SMTP %(number)s).") % {
            "number": number
        }
    return gettext("The mail provider refused the email (HTTP %(number)s).") % {"number": number}


OBJECTIONS: dict[str, "str | Promise"] = {
    "in_this_order": _("It is what this is about."),
    "not_active": _("It is hidden or retired."),
    "kept_out": _("The shop keeps it out of suggestions."),
    "excluded": _("It is on the list of what is never shown."),
    "not_included": _("It is not on the list of what may be shown here."),
    "no_title": _("It has no title in the customer's language."),
    "no_image": _("It has no image."),
    "no_price": _("It has no price."),
    "not_sold_there": _("It is not sold in the customer's country."),
    "too_young": _("It is for customers of a certain age."),
    "wants_fewer": _("The customer asked for fewer of these."),
    "ignored": _("The customer was shown it often and never clicked."),
    "purchase_closed": _("After the purchase a better one comes too late."),
    "no_rhythm": _("It was not bought often enough to be a habit."),
    "too_dear": _("It costs more than 5 times the dearest thing in the order."),
    "out_of_stock": _("It is out of stock."),
    "bought_recently": _("The customer bought it lately."),
    "little_support": _("Too few orders hold both."),
    "low_score": _("The two go together too rarely."),
    "just_bought": _("The customer has just bought one of this type."),
    "not_due": _("The customer does not need it again yet, or no longer."),
    "nothing_more": _("It does not say what it has more of, and too few customers own both."),
    "no_step_up": _("Its price is not the right step up."),
    "substitute": _("It is another one of the same type, not something that goes with it."),
    "variant_of_anchor": _("It is the same thing in another design."),
    "type_shown": _("One of its type is shown already."),
    "variant_shown": _("The same thing in another design is shown already."),
    "no_room": _("Better ones have taken the places."),
}


def explain_objection(code: str) -> str:
    """Why a rule of the recommendations took a product out."""
    return str(OBJECTIONS.get(code, code.replace("_", " ")))
