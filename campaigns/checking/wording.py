"""Subject, preheader, the way out, and the size: what decides how an email arrives."""

import re
from collections.abc import Iterator

from campaigns.checking.findings import Problem
from campaigns.checking.reading import Mail, attribute

GMAIL_CLIPS_AT = 102_000  # bytes of HTML; what follows hides behind "View entire message"
MAX_PREHEADER = 180
# Beginnings of words by which readers, and the law, tell an offer from news about an order.
OFFERING = {
    "en": ("sale", "discount", "% off", "deal", "special offer", "coupon", "voucher", "save up", "bargain"),
    "fa": ("تخفیف", "حراج", "پیشنهاد ویژه", "کد هدیه", "فروش ویژه"),
    "ar": ("خصم", "تخفيض", "عرض خاص", "عروض", "قسيمة"),
    "he": ("מבצע", "הנחה", "קופון", "מבצעים"),
    "ru": ("скидк", "распродаж", "акци", "промокод", "купон", "спецпредложен"),
    "de": ("rabatt", "gutschein", "sonderangebot", "schlussverkauf"),
    "fr": ("remise", "soldes", "promo", "bon plan", "code de réduction"),
}


def check_preheader(mail: Mail) -> Iterator[Problem]:
    """The line beside the subject: without one, clients show whatever the email begins with."""
    subject, preheader = mail.rendered.subject.strip(), mail.rendered.preheader.strip()
    hint = "add preheader to the texts (<mj-preview> in a file of your own): what opening it is good for"
    if not preheader or preheader == subject:
        what = "the preheader is that of the subject once more" if preheader else "there is no preheader"
        yield Problem("preheader", what, hint, is_error=False, needles=("preheader",))
    elif len(preheader) > MAX_PREHEADER:
        what = f"the preheader has {len(preheader)} characters"
        hint = f"inboxes show the first 40 to {MAX_PREHEADER}"
        yield Problem("preheader", what, hint, is_error=False, needles=(preheader[:30],))


def check_subject(mail: Mail) -> Iterator[Problem]:
    """Words of advertising above an email that is sent because of an order, whatever its reader agreed to."""
    if mail.is_marketing:
        return
    subject = mail.rendered.subject.lower()
    words = OFFERING.get(mail.language.split("-")[0], ())
    found = next((word for word in words if re.search(rf"(?<![^\W\d]){re.escape(word)}", subject)), None)
    if found:
        hint = "say what happened to the order; offers need the class marketing"
        what = f"the subject of a transactional email advertises: “{found}”"
        yield Problem("subject", what, hint, needles=(mail.rendered.subject,))


def check_leaving(mail: Mail) -> Iterator[Problem]:
    """Where the law wants a way out, it has to be in the HTML and in the plain text."""
    if not mail.must_offer_leaving:
        return
    links = {attribute(link, "href") for link in mail.light.find_all("a")}
    if not mail.unsubscribe or mail.unsubscribe not in links or mail.unsubscribe not in mail.rendered.text:
        hint = "link {{ links.unsubscribe }} in the footer"
        yield Problem("unsubscribe", "no way to unsubscribe", hint)


def check_size(mail: Mail) -> Iterator[Problem]:
    """The HTML as it is sent, with tracked links, against what Gmail shows."""
    if mail.bytes_sent > GMAIL_CLIPS_AT:
        hint = "show fewer rows, or less in each"
        what = f"{mail.bytes_sent / 1000:.0f} kB of HTML with its links rewritten; Gmail clips at 102 kB"
        yield Problem("size", what, hint)
