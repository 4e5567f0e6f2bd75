"""Published versions of templates: compiled in every language, stored once per content."""

from collections.abc import Mapping
from datetime import datetime
from types import CodeType
from typing import Any, NamedTuple, TypedDict

from django.conf import settings
from django.db import transaction

from campaigns.compiler import CompiledParts, compile_email, compiled_key
from campaigns.compiling.source import Source
from campaigns.compiling.texts import Texts
from campaigns.email_files import EmailDirectory, list_directories, read_directory
from campaigns.models import CompiledEmail, EmailTemplate, TemplateVersion
from campaigns.programs import seal, unseal, write_code


def publish_directory(email: EmailDirectory, now: datetime) -> TemplateVersion | None:
    """A new version compiled in every language of the shop and of the texts; None where nothing changed.

    Raises CompileError, and then publishes nothing.
    """
    template, _ = EmailTemplate.objects.get_or_create(key=email.key, defaults={"name": email.name})
    if is_published(email):
        return None
    latest = template.versions.first()
    languages = sorted({*email.texts, *(code for code, _ in settings.LANGUAGES)})
    compiled = {code: compile_once(email.source, email.texts, language=code) for code in languages}
    with transaction.atomic():
        version = TemplateVersion.objects.create(
            template=template,
            number=latest.number + 1 if latest else 1,
            source=email.source.text,
            texts=email.texts,
            digest=email.digest,
            needs=list(email.needs),
            published_at=now,
        )
        for language, one in compiled.items():
            _store(version, language, one, now)
    return version


def is_published(email: EmailDirectory) -> bool:
    """Whether the newest version is made of the very same body and texts."""
    newest = TemplateVersion.objects.filter(template__key=email.key).values_list("digest", flat=True)
    return newest.first() == email.digest


def publish_all(now: datetime) -> list[TemplateVersion]:
    """The versions that are new; a second call with unchanged files publishes nothing."""
    published = (publish_directory(read_directory(path), now) for path in list_directories())
    return [version for version in published if version is not None]


def _default_language() -> str:
    return str(settings.PAIRWELL["LANGUAGE"])


class Compiled(NamedTuple):
    """One email in one language and arm; `key` stands for all that it was made of."""

    key: str
    parts: CompiledParts
    code: CodeType | None


class _About(TypedDict):
    language: str
    changes: Mapping[str, Any]
    default_language: str
    is_foreign: bool


_MOST_KEPT = 256
_kept: dict[str, Compiled] = {}


def compile_once(
    source: Source | str,
    texts: Texts,
    *,
    language: str,
    changes: Mapping[str, Any] | None = None,
    default_language: str = "",
    is_foreign: bool = False,
) -> Compiled:
    """The parts with their program. The process keeps the newest: checking, measuring and publishing
    the same content costs one compilation. Raises CompileError."""
    text = source.text if isinstance(source, Source) else source
    about: _About = {
        "language": language,
        "changes": changes or {},
        "default_language": default_language or _default_language(),
        "is_foreign": is_foreign,
    }
    key = compiled_key(text, texts, **about)
    if key not in _kept:
        parts = compile_email(source, texts, **about)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = Compiled(key, parts, write_code(parts))
    return _kept[key]


def _store(version: TemplateVersion, language: str, compiled: Compiled, now: datetime) -> CompiledEmail:
    fields = {
        "version": version,
        "language": language,
        "parts": compiled.parts,
        "code": seal(compiled.code, key=compiled.key),
        "created_at": now,
    }
    return CompiledEmail.objects.get_or_create(key=compiled.key, defaults=fields)[0]


def load_compiled(
    version: TemplateVersion, *, language: str, changes: Mapping[str, Any], now: datetime
) -> CompiledEmail:
    """The compiled form, from the database or compiled and stored now. Raises CompileError."""
    default = _default_language()
    key = compiled_key(
        version.source, version.texts, language=language, changes=changes, default_language=default
    )
    stored = CompiledEmail.objects.filter(key=key).first()
    if stored:
        return stored
    compiled = compile_once(version.source, version.texts, language=language, changes=changes)
    return _store(version, language, compiled, now)


def load_code(compiled: CompiledEmail) -> CodeType | None:
    """The program of a compiled email as it was kept; written and kept now where it is stale or damaged.

    None where only Jinja can render it.
    """
    kept = unseal(bytes(compiled.code), key=compiled.key)
    if kept is not None:
        return kept[0]
    code = write_code(compiled.parts)
    compiled.code = seal(code, key=compiled.key)
    CompiledEmail.objects.filter(pk=compiled.pk).update(code=compiled.code)
    return code
