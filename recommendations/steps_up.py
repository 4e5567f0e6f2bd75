"""Whether a dearer product says that it is more, or is just another one of the series.

Stoke is no lesser Swansea: where two titles only swap a name, the price alone makes no better one. On a
catalogue of 8,000 toys that took out five upgrades of six, read by eye nearly all of them silly.
"""

from recommendations.additions import find_additions
from recommendations.clashes import measure_amounts
from recommendations.titles import family_words, split_words
from shop.models import Product

MOST_LOST = (
    1  # words of the cheaper title that a grander one may drop ("wooden train set", "deluxe train set")
)

_GRADE_TEXT = """
large larger big bigger giant jumbo mega super extra deluxe premium luxury plus pro ultimate ultra xl xxl
double triple complete full electric electronic rechargeable wireless professional advanced max
بزرگ ویژه حرفه‌ای پیشرفته بی‌سیم برقی شارژی لوکس پرو پلاس کامل
كبير كبيرة فاخر فاخرة احترافي متقدم لاسلكي كهربائي برو بلس كامل
גדול גדולה מקצועי מתקדם אלחוטי חשמלי יוקרתי פרו פלוס מלא
большой большая профессиональный беспроводной электрический премиум люкс про плюс макс полный
groß große großes profi kabellos elektrisch komplett grand grande professionnel électrique complet
"""
SHADES = frozenset(["dark", "light", "pale", "pastel", "bright", "deep", "neon"])
GRADE_WORDS = frozenset(_GRADE_TEXT.replace("\u200c", "").split())


def says_more(product: Product, better: Product) -> bool:
    """More of an amount, a feature, a grade ("deluxe"), or the whole title of the cheaper one and more.

    Where only the cheaper one states an amount ("pack of 3") the better one may well be less.
    """
    if find_additions(product, better):
        return True
    if measure_amounts(product.title).keys() - measure_amounts(better.title).keys():
        return False
    lost = family_words(product.title) - family_words(better.title)
    gained = frozenset(split_words(better.title)) - frozenset(split_words(product.title))
    if gained & GRADE_WORDS:
        return len(lost) <= MOST_LOST
    return not lost and bool(family_words(better.title) - family_words(product.title) - SHADES)
