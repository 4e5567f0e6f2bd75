"""Why a product is shown, as codes for a template and as one sentence in the customer's language.

The sentences are kept with the message, so that anybody can read later what the customer was told.
"""

from collections.abc import Callable
from typing import Any

from recommendations.additions import find_additions
from recommendations.catalogue import price_in, title_in
from recommendations.models import Kind
from recommendations.offers import HAND, OWN_RHYTHM, PIN, POPULAR, TYPE_PAIRS, Pick

_CODES = {
    POPULAR: "popular",
    OWN_RHYTHM: "due_again",
    PIN: "chosen",
    HAND: "goes_with",
    TYPE_PAIRS: "goes_with_type",
}

SENTENCES: dict[str, dict[str, str]] = {
    "en": {
        "bought_together": "Often bought with {title}",
        "goes_with": "Goes with {title}",
        "goes_with_type": "Popular with things like {title}",
        "better_version": "A step up from {title}, for {difference} more",
        "service": "For {title}",
        "due_again": "You have bought this {support} times and may need it again",
        "popular": "Popular in the shop this month",
        "chosen": "Chosen by the shop",
        "instead": "{after} instead of {before}",
    },
    "fa": {
        "bought_together": "اغلب همراه «{title}» خریده می‌شود",
        "goes_with": "مناسب برای استفاده با «{title}»",
        "goes_with_type": "پرطرفدار در کنار کالاهایی مانند «{title}»",
        "better_version": "یک پله بالاتر از «{title}»، با {difference} بیشتر",
        "service": "برای «{title}»",
        "due_again": "این کالا را {support} بار خریده‌اید و شاید دوباره لازم داشته باشید",
        "popular": "پرفروش این ماه فروشگاه",
        "chosen": "به انتخاب فروشگاه",
        "instead": "{after} به‌جای {before}",
    },
    "ar": {
        "bought_together": "يُشترى غالبًا مع «{title}»",
        "goes_with": "يناسب «{title}»",
        "goes_with_type": "رائج مع منتجات مثل «{title}»",
        "better_version": "خيار أعلى من «{title}» بزيادة {difference}",
        "service": "لمنتجك «{title}»",
        "due_again": "اشتريت هذا المنتج سابقًا (عدد المرات: {support}) وقد تحتاج إليه مجددًا",
        "popular": "من الأكثر مبيعًا في المتجر هذا الشهر",
        "chosen": "من اختيار المتجر",
        "instead": "{after} بدلًا من {before}",
    },
    "he": {
        "bought_together": "נקנה לעיתים קרובות יחד עם „{title}”",
        "goes_with": "מתאים ל„{title}”",
        "goes_with_type": "פופולרי לצד מוצרים כמו „{title}”",
        "better_version": "שדרוג ל„{title}” בתוספת {difference}",
        "service": "עבור „{title}”",
        "due_again": "קניתם את המוצר הזה {support} פעמים, ואולי הגיע הזמן לחדש",
        "popular": "מהנמכרים בחנות החודש",
        "chosen": "בבחירת החנות",
        "instead": "{after} במקום {before}",
    },
    "ru": {
        "bought_together": "Часто покупают вместе с товаром «{title}»",
        "goes_with": "Подходит к товару «{title}»",
        "goes_with_type": "Популярно вместе с товарами вроде «{title}»",
        "better_version": "На ступень выше, чем «{title}»: дороже на {difference}",
        "service": "Для товара «{title}»",
        "due_again": "Вы уже покупали это (раз: {support}), возможно, пора купить снова",
        "popular": "Среди самых популярных в магазине за месяц",
        "chosen": "Выбор магазина",
        "instead": "{after} вместо {before}",
    },
    "de": {
        "bought_together": "Wird oft zusammen mit „{title}“ gekauft",
        "goes_with": "Passt zu „{title}“",
        "goes_with_type": "Beliebt zu Artikeln wie „{title}“",
        "better_version": "Eine Stufe über „{title}“, {difference} mehr",
        "service": "Für „{title}“",
        "due_again": "Das haben Sie schon {support}-mal gekauft, vielleicht ist es wieder so weit",
        "popular": "Diesen Monat beliebt im Shop",
        "chosen": "Vom Shop ausgewählt",
        "instead": "{after} statt {before}",
    },
    "fr": {
        "bought_together": "Souvent acheté avec « {title} »",
        "goes_with": "Va avec « {title} »",
        "goes_with_type": "Apprécié avec des articles comme « {title} »",
        "better_version": "Un cran au-dessus de « {title} », pour {difference} de plus",
        "service": "Pour « {title} »",
        "due_again": "Vous l’avez acheté {support} fois et en aurez peut-être à nouveau besoin",
        "popular": "Populaire dans la boutique ce mois-ci",
        "chosen": "Choisi par la boutique",
        "instead": "{after} au lieu de {before}",
    },
}


MoneyWriter = Callable[[str, str], str]


def write_plainly(amount: str, currency: str) -> str:
    """12.50 GBP: for commands and pages that write money their own way from the parts."""
    return f"{amount} {currency}"


def reason(pick: Pick, *, language: str = "", write_money: MoneyWriter = write_plainly) -> dict[str, Any]:
    """Why a pick is shown: code, because_of (a title), support, price_difference, adds, text.

    `code` is bought_together, goes_with, goes_with_type, better_version, service, due_again, popular or
    chosen. Titles come in the language where the shop has them. `price_difference` is {"amount": "12.50",
    "currency": "GBP"} for an upgrade, else None. `adds` lists what the better one has more of, as far as its
    title and attributes tell. `text` is the whole reason as a sentence, in English for a language that
    Pairwell does not speak; `write_money` writes the difference in it.
    """
    code, difference = code_of(pick), _price_difference(pick)
    because_of = title_in(pick.because_of, language) if pick.because_of else ""
    more = write_money(difference["amount"], difference["currency"]) if difference else ""
    return {
        "code": code,
        "because_of": because_of,
        "support": pick.support,
        "price_difference": difference,
        "adds": _say_additions(pick, language),
        "text": _say(pick, code, language, because_of=because_of, more=more),
    }


def code_of(pick: Pick) -> str:
    if pick.kind == Kind.UPGRADE:
        return "better_version"
    if pick.kind == Kind.SERVICE:
        return "service"
    return _CODES.get(pick.scorer, "bought_together")


def _say(pick: Pick, code: str, language: str, *, because_of: str, more: str) -> str:
    sentence = _sentences(language)[code]
    return sentence.format(title=because_of, difference=more, support=pick.support)


def _say_additions(pick: Pick, language: str) -> list[str]:
    if pick.kind != Kind.UPGRADE or pick.because_of is None:
        return []
    pattern = _sentences(language)["instead"]
    found = find_additions(pick.because_of, pick.product, language=language)
    return [pattern.format(before=before, after=after) if before else after for before, after in found]


def _sentences(language: str) -> dict[str, str]:
    return SENTENCES.get(language.split("-")[0], SENTENCES["en"])


def _price_difference(pick: Pick) -> dict[str, str] | None:
    if pick.kind != Kind.UPGRADE or pick.because_of is None:
        return None
    before = price_in(pick.because_of, pick.price.currency)
    if before is None:
        return None
    return {"amount": str(pick.price.amount - before.amount), "currency": pick.price.currency}
