"""What `check_email` says: nothing of a good email, and the one thing that is wrong of a bad one."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from campaigns.checking.clients import read_features
from campaigns.checking.colours import measure_contrast, read_colour
from campaigns.email_checks import Finding, check_directory
from campaigns.email_files import read_email
from tests.campaigns.library import KEYS, read

FONT = '<mj-attributes><mj-all font-family="Arial" /></mj-attributes>'
HEAD = f"{FONT}<mj-preview>Everything about your lamps, at a glance</mj-preview>"
THANKS = (
    "<p>Thank you for your order. We have packed your lamps with care, and the parcel leaves tomorrow. "
    "You get another email as soon as it is on its way, with a number by which you can follow it. "
    "Whatever does not please you may be sent back to us.</p>"
)
WORDS = {
    "en": (THANKS, "Unsubscribe"),
    "fa": ("<p>سپاس از خرید شما. سفارش شما آماده شد و فردا فرستاده می‌شود.</p>", "لغو اشتراک"),
    "ar": ("<p>شكرا لطلبك. جهزنا المصابيح، وسنرسل الطرد غدا.</p>", "إلغاء الاشتراك"),
    "he": ("<p>תודה על ההזמנה. ארזנו את המנורות והחבילה יוצאת מחר.</p>", "הסרה מהרשימה"),
}
LEAVE = '<mj-text><a href="{{ links.unsubscribe }}">Unsubscribe</a></mj-text>'
SAMPLE = {
    "links": {"unsubscribe": "https://shop.example/u/1"},
    "shop": {"name": "Lamps", "tag": "javascript:x"},
}


def write_email(
    folder: Path, content: str, *, head: str = HEAD, language: str = "en", leave: str = LEAVE, **sample: Any
) -> Path:
    words, way_out = WORDS.get(language, WORDS["en"])
    leave = leave.replace("Unsubscribe", way_out)
    body = (
        f"<mj-section><mj-column>\n<mj-text>{words}</mj-text>\n{content}\n{leave}\n</mj-column></mj-section>"
    )
    path = folder / "letter.mjml"
    path.write_text(
        f'<mjml lang="{language}"><mj-head><mj-title>Your order</mj-title>{head}</mj-head>'
        f"<mj-body>{body}</mj-body></mjml>",
        encoding="utf-8",
    )
    path.with_suffix(".json").write_text(json.dumps({**SAMPLE, **sample}), encoding="utf-8")
    return path


def check(folder: Path, content: str, **options: Any) -> list[Finding]:
    return check_directory(read_email(str(write_email(folder, content, **options))), default_language="en")


PICTURE = '<mj-carousel-image src="https://shop.example/{0}.png" alt="Lamp {0}" />'
GOOD = [
    ("en", '<mj-image src="https://shop.example/a.png" alt="Lamp" />'),
    ("en", '<mj-button href="https://shop.example/" inner-padding="15px 25px">To the shop</mj-button>'),
    ("en", '<mj-text font-size="24px" color="#8a8a8a">Large may be fainter</mj-text>'),
    ("en", '<mj-text><a name="below"></a>“{{ shop.name }}” <a href="#below">down</a></mj-text>'),
    ("en", f"<mj-carousel>{PICTURE.format('a')}{PICTURE.format('b')}</mj-carousel>"),
    ("fa", "<mj-text>«{{ shop.name }}» و <bdi>Anglepoise Lamp</bdi> با <bdi>-20%</bdi></mj-text>"),
    ("fa", "<mj-text>۱۲ چراغ ←</mj-text>"),
    ("he", "<mj-text>מנורות של <bdi>Lamps Ltd</bdi>, דו״ח</mj-text>"),
    ("ru", "<mj-text>«Лампы» →</mj-text>"),
    ("ar", "<mj-text>«مصابيح» ١٢</mj-text>"),
]
LINK = '<mj-text><a href="{}">here</a></mj-text>'
BAD = {
    "leads nowhere": ("links", "en", LINK.format("{{ shop.tag }}")),
    "leads nowhere at once": ("links", "en", LINK.format("#")),
    "is not in the email": ("links", "en", LINK.format("#gone")),
    "is not encrypted": ("links", "en", LINK.format("http://shop.example/")),
    "no address": ("compile", "en", LINK.format("javascript:alert(1)")),
    "no words": ("links", "en", '<mj-text><a href="https://shop.example/"></a></mj-text>'),
    "two places": (
        "links", "en", LINK.format("https://shop.example/a") + LINK.format("https://shop.example/b"),
    ),
    "low button": ("touch", "en", '<mj-button href="https://shop.example/">To the shop</mj-button>'),
    "faint": ("contrast", "en", '<mj-text color="#9a9a9a">Hardly there</mj-text>'),
    "no alt": ("alt", "en", '<mj-image src="https://shop.example/a.png" />'),
    "no width": ("image-size", "en", '<mj-text><img src="https://shop.example/a.png" alt="Lamp"></mj-text>'),
    "flex": ("clients", "en", '<mj-text><div style="display:flex">side by side</div></mj-text>'),
    "WebP": ("clients", "en", '<mj-image src="https://shop.example/a.webp" alt="Lamp" />'),
    "foreign font": ("privacy", "en", '<mj-text font-family="Roboto">Hello</mj-text>'),
    "loose Latin": ("bidi", "fa", "<mj-text>چراغ Anglepoise رسید</mj-text>"),
    "sign": ("bidi", "fa", "<mj-text>دما: −۵ درجه</mj-text>"),
    "arrow back": ("bidi", "fa", "<mj-text>ادامه →</mj-text>"),
    "arrow back in English": ("bidi", "en", "<mj-text>← Go on</mj-text>"),
    "Latin digits": ("digits", "fa", "<mj-text>12 چراغ</mj-text>"),
    "English quotes": ("quotes", "fa", "<mj-text>“چراغ‌ها” رسید</mj-text>"),
    "French quotes": ("quotes", "en", "<mj-text>«Lamps» are here</mj-text>"),
    "unknown": ("variables", "en", "<mj-text>{{ custmer.name }}</mj-text>"),
    "statement in a tag": ("compile", "en", '<mj-text {% if a %}color="red"{% endif %}>x</mj-text>'),
    "layout": ("compile", "en", '<mj-image width="{{ shop.name }}" alt="" src="https://shop.example/" />'),
}  # fmt: skip


@pytest.mark.parametrize(("language", "content"), GOOD)
def test_nothing_is_said_of_a_good_email(tmp_path: Path, language: str, content: str) -> None:
    assert check(tmp_path, content, language=language) == []


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_is_told_alone_and_with_its_line(tmp_path: Path, case: str) -> None:
    wanted, language, content = BAD[case]
    found = check(tmp_path, content, language=language)
    assert {finding.check for finding in found} == {wanted}
    assert (found[0].file, found[0].line) == ("letter.mjml", 3)
    assert found[0].hint


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"head": FONT}, "preheader"),
        ({"head": f"{FONT}<mj-preview>{'long ' * 60}</mj-preview>"}, "preheader"),
        ({"leave": ""}, "unsubscribe"),
        ({"lines": ["x" * 120] * 1000}, "size"),
    ],
)
def test_what_surrounds_the_words_is_checked_as_well(
    tmp_path: Path, options: dict[str, Any], wanted: str
) -> None:
    rows = "{% for line in lines %}{{ line }} {% endfor %}"
    content = f"<mj-text>{{% if lines is defined %}}{rows}{{% endif %}}</mj-text>"
    assert [finding.check for finding in check(tmp_path, content, **options)] == [wanted]


def test_a_picture_that_says_it_all_is_told(tmp_path: Path) -> None:
    path = tmp_path / "picture.mjml"
    path.write_text(
        f'<mjml lang="en"><mj-head>{HEAD}</mj-head><mj-body><mj-section><mj-column>'
        f'<mj-image src="https://shop.example/a.png" alt="Sale" />{LEAVE}'
        "</mj-column></mj-section></mj-body></mjml>",
        encoding="utf-8",
    )
    path.with_suffix(".json").write_text(json.dumps(SAMPLE), encoding="utf-8")
    (found,) = check_directory(read_email(str(path)), default_language="en")
    assert found.check == "text-share"
    assert "beside one picture" in found.what


def test_dark_colours_are_checked_as_they_land(tmp_path: Path) -> None:
    ink, ground = "color: #333333 !important;", "background: #111111 !important;"
    rules = f"@media (prefers-color-scheme: dark) {{ .card div {{ {ink} }} .card {{ {ground} }} }}"
    content = '<mj-text css-class="card">At night</mj-text>'
    [finding] = check(tmp_path, content, head=f"{HEAD}<mj-style>{rules}</mj-style>")
    assert finding.check == "contrast"
    assert "#333333 on #111111 in dark" in finding.what


def test_contrast_is_that_of_the_standard() -> None:
    black, white, grey = read_colour("#000"), read_colour("rgb(255, 255, 255)"), read_colour("#767676")
    assert black
    assert white
    assert grey
    assert measure_contrast(black, white) == pytest.approx(21)
    assert measure_contrast(grey, white) == pytest.approx(4.54, abs=0.005)
    assert read_colour("rgba(0,0,0,0.5)") is None


def test_an_order_email_that_advertises_is_told_in_each_language() -> None:
    email = read("order_confirmation")
    texts = {
        "en": {**email.texts["en"], "subject": "20% off your next order"},
        "fa": {**email.texts["fa"], "subject": "تخفیف برای شما"},
        "ru": {**email.texts["ru"], "subject": "Скидка на всё"},
    }
    changed = type(email)(**{**vars(email), "texts": texts})
    found = check_directory(changed, default_language="en")
    assert {(one.check, one.languages) for one in found} == {("subject", (code,)) for code in texts}
    assert {one.file for one in found} == {
        f"order_confirmation/texts/{code}.toml [subject]" for code in texts
    }


@pytest.mark.parametrize("key", KEYS)
def test_the_library_passes_every_check_but_for_its_known_gaps(key: str) -> None:
    found = check_directory(read(key), default_language="en")
    assert [one.message for one in found if one.check != "translations"] == []


def test_every_feature_of_the_table_is_lacked_by_somebody_and_says_what_then() -> None:
    features = read_features()
    assert len(features) >= 25
    assert all(feature.lacking and feature.effect for feature in features)


def test_the_command_speaks_json_and_exits_by_what_it_found(tmp_path: Path) -> None:
    path = write_email(tmp_path, '<mj-text color="#9a9a9a">Hardly there</mj-text>')
    out = StringIO()
    with pytest.raises(CommandError, match="to be mended") as broken:
        call_command("check_email", str(path), "--json", stdout=out)
    [report] = json.loads(out.getvalue())
    [finding] = report["findings"]
    assert broken.value.returncode == 1
    assert (finding["check"], finding["severity"], finding["file"], finding["line"]) == (
        "contrast", "error", "letter.mjml", 3,
    )  # fmt: skip
    with pytest.raises(CommandError, match="is no template") as missing:
        call_command("check_email", "nothing")
    assert missing.value.returncode == 2
