"""What others wrote for MJML and Jinja: rendered as it is meant, and refused where it is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from campaigns.compiler import compile_email
from campaigns.rendering import RenderedEmail, make_ready, render_ready
from tests.campaigns.emails import TEXTS, in_body, in_text

SECTION = "<mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section>"


def render_foreign(source: str, **context: Any) -> RenderedEmail:
    parts = compile_email(source, TEXTS, language="en", changes={}, is_foreign=True)
    return render_ready(make_ready(parts), context)


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def render_file(path: Path, **options: Any) -> str:
    out = path.with_suffix(".out")
    call_command("render_email", str(path), out=out, **options)
    return out.read_text(encoding="utf-8")


def test_marks_for_white_space_do_what_they_do_in_jinja() -> None:
    source = in_text("a \n {%- if x -%} \n b {{- x }} {#- note -#} c{% endif -%} \n d {{ x -}} {{- x }}")
    assert "ab1cd 11" in render_foreign(source, x=1).text


def test_statements_in_an_mj_raw_of_their_own_are_statements() -> None:
    section = SECTION.format("{{ list|length }}!")
    source = in_body(
        f"<mj-raw>{{% for x in list %}}</mj-raw>{section}<mj-raw> {{% endfor %}} {{% if list %}}</mj-raw>"
        f"{section}<mj-raw>{{% endif %}}</mj-raw>"
    )
    email = render_foreign(source, list=[1, 2])
    assert email.text.split() == ["2!", "2!", "2!"]


def test_numbers_may_be_counted_with_and_texts_may_not() -> None:
    assert "7.5 1 2" in render_foreign(in_text("{{ a * 2.5 }} {{ a // 2 }} {{ 5 % a }}"), a=3).text
    for wrong in ("{{ 'x' * 1000000000 }}", "{{ '%1000000000d' % 1 }}", "{{ [1] * 1000000000 }}"):
        with pytest.raises(ValueError, match="for numbers"):
            render_foreign(in_text(wrong))


def test_an_address_may_be_put_together_from_a_shop_and_a_path() -> None:
    source = in_text('<a href="{{ base }}{{ path }}?q={{ path }}">x</a>')
    html = render_foreign(source, base="https://shop.example", path="/a b/@c").html
    assert 'href="https://shop.example/a%20b/%40c?q=%2Fa%20b%2F%40c"' in html


def test_the_language_of_a_file_is_its_own_or_the_one_that_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mjml", in_text("سلام").replace("<mjml>", '<mjml lang="fa" dir="rtl">'))
    assert '<html lang="fa" dir="rtl"' in render_file(path)
    assert '<html lang="he" dir="rtl"' in render_file(path, language="he")
    assert '<html lang="en" dir="ltr"' in render_file(path, language="en")


def test_a_lone_file_may_be_called_as_ours_are(tmp_path: Path) -> None:
    assert "Hello" in render_file(write(tmp_path / "body.mjml", in_text("Hello")), text=True)


def test_mjml_from_beside_the_file_is_included_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts" / "top.mjml", SECTION.format("Top {{ nobody }}"))
    path = write(tmp_path / "a.mjml", in_body('<mj-include path="./parts/top.mjml" />'))
    with pytest.raises(CommandError, match=r"parts/top.mjml:1:37: .*“nobody” is not in the context"):
        render_file(path)
    assert "Top 1" in render_file(path, context=write(tmp_path / "c.json", '{"nobody": 1}'), text=True)
    for outside in ("../a.mjml", "/etc/hostname", "parts/none.mjml"):
        write(path, in_body(f'<mj-include path="{outside}" />'))
        with pytest.raises(CommandError, match=r"a\.mjml:2:1"):
            render_file(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", r"a\.mjml:1:1: not UTF-8"),
        (b"<mjml>\n caf\xe9", r"a\.mjml:2:5: not UTF-8"),
        (b"<mjml>", r"a\.mjml:1:1"),
        (b"", r"a\.mjml:1:1"),
        (b"Hello", r"a\.mjml:1:1: (.|\n)*a file begins with <mjml>"),
    ],
)
def test_a_file_that_is_no_mjml_is_refused_with_its_place(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.mjml").write_bytes(content)
    with pytest.raises(CommandError, match=told):
        render_file(tmp_path / "a.mjml")


@pytest.mark.parametrize("context", [json.dumps([1]), "{", '{"a": 1,}'])
def test_a_context_that_is_none_is_refused_with_its_place(tmp_path: Path, context: str) -> None:
    path = write(tmp_path / "a.mjml", in_text("x"))
    with pytest.raises(CommandError, match=r"c\.json:1:\d+: "):
        render_file(path, context=write(tmp_path / "c.json", context))


def test_a_file_with_the_line_ends_of_windows_has_the_same_places(tmp_path: Path) -> None:
    lines = in_text("Hi\n{{ nmae }}").replace("\n", "\r\n")
    path = write(tmp_path / "crlf.mjml", "")
    path.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    number = lines.split("{{")[0].count("\n") + 1
    with pytest.raises(CommandError, match=rf"crlf.mjml:{number}:\d+: .*“nmae” is not in the context"):
        render_file(path)


def test_pictures_of_a_carousel_are_in_the_plain_text_once_and_its_arrows_are_not() -> None:
    picture = '<mj-carousel-image src="https://shop.example/{0}.png" alt="Lamp {{{{ x }}}}, {0}" {1}/>'
    linked = picture.format("a", 'href="https://shop.example/a"')
    carousel = f"<mj-carousel>{linked}{picture.format('b', '')}</mj-carousel>"
    source = in_body(f"<mj-section><mj-column>{carousel}</mj-column></mj-section>")
    text = render_foreign(source, x=1).text
    assert text.splitlines() == ["[Lamp 1, a]:", "https://shop.example/a", "", "[Lamp 1, b]"]


def test_a_banner_that_is_a_link_keeps_its_words_and_its_address_in_the_plain_text() -> None:
    banner = '<mj-image src="https://shop.example/a.png" alt="{{ words }}" href="https://shop.example/new" />'
    text = render_foreign(
        in_body(SECTION.format("Hi") + SECTION.format("x").replace("<mj-text>x</mj-text>", banner)),
        words="New lamps",
    ).text
    assert text == "Hi\n\n[New lamps]:\nhttps://shop.example/new\n"


def test_a_picture_that_repeats_the_title_beside_it_is_left_out_of_the_plain_text() -> None:
    address = "https://shop.example/lamp"
    picture = f'<a href="{address}"><img src="https://shop.example/a.png" alt="{{{{ x }}}}"></a>'
    text = render_foreign(in_text(f'{picture} <a href="{address}">{{{{ x }}}}</a>'), x="Lamp").text
    assert text == f"Lamp:\n{address}\n"


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "good.mjml", in_text("Hi"))
    with pytest.raises(CommandError, match=r"^can't read .*none.json: No such file or directory"):
        call_command("render_email", str(path), context=tmp_path / "none.json")


def test_a_file_of_many_megabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "huge.mjml", in_body(SECTION.format("x" * 500) * 4_000))
    with pytest.raises(CommandError, match=r"huge.mjml:1:1: the file has 2\d+ kB; at most 1000 are read"):
        render_file(path)


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "good.mjml", in_text("Hi"))
    with pytest.raises(CommandError, match=r"can't write .*nowhere/it.html: No such file or directory"):
        call_command("render_email", str(path), out=tmp_path / "nowhere" / "it.html")


def test_a_context_beside_the_reader_is_named_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "good.mjml", in_text("Hi"))
    write(tmp_path / "bad.json", '{"name": ')
    with pytest.raises(CommandError, match=rf"{tmp_path.name}/bad.json:1:10: not JSON"):
        call_command("render_email", "good.mjml", context=Path("bad.json"))


def test_a_language_that_does_not_exist_is_refused_and_not_taken_for_english(tmp_path: Path) -> None:
    email = write(tmp_path / "mail.mjml", in_body(SECTION.format("Hello")))
    with pytest.raises(CommandError, match="'klingon' is not a language tag"):
        render_file(email, language="klingon")
    assert 'lang="ar-EG"' in render_file(email, language="ar_EG")
