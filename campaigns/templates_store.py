"""Published versions of templates: compiled in every language, stored once per content."""

from collections.abc import Mapping
from datetime import datetime
from types import CodeType
from typing import Any

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
    latest = template.versions.first()
    if latest and latest.digest == email.digest:
        return None
    languages = sorted({*email.texts, *(code for code, _ in settings.LANGUAGES)})
    compiled = {language: _compile(email.source, email.texts, language, {}) for language in languages}
    with transaction.atomic():
        version = TemplateVersion.objects.create(
            template=template,
            number=latest.number + 1 if latest else 1,
            source=email.source.text,
            texts=email.texts,
            digest=email.digest,
            published_at=now,
        )
        for language, (key, parts) in compiled.items():
            _store(version, language, key, parts, now)
    return version


def publish_all(now: datetime) -> list[TemplateVersion]:
    """The versions that are new; a second call with unchanged files publishes nothing."""
    published = (publish_directory(read_directory(path), now) for path in list_directories())
    return [version for version in published if version is not None]


def _default_language() -> str:
    return str(settings.PAIRWELL["LANGUAGE"])


_MOST_KEPT = 256
_kept: dict[str, tuple[CompiledParts, bytes]] = {}


def _compile(
    source: Source | str, texts: Texts, language: str, changes: Mapping[str, Any]
) -> tuple[str, CompiledParts]:
    """Its key and parts; `_kept` has them with their program, since the library is 0.15 s a language."""
    text = source.text if isinstance(source, Source) else source
    default = _default_language()
    key = compiled_key(text, texts, language=language, changes=changes, default_language=default)
    if key not in _kept:
        parts = compile_email(source, texts, language=language, changes=changes, default_language=default)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = (parts, seal(write_code(parts), key=key))
    return key, _kept[key][0]


def _store(
    version: TemplateVersion, language: str, key: str, parts: CompiledParts, now: datetime
) -> CompiledEmail:
    code = _kept[key][1] if key in _kept else seal(write_code(parts), key=key)
    fields = {"version": version, "language": language, "parts": parts, "code": code, "created_at": now}
    return CompiledEmail.objects.get_or_create(key=key, defaults=fields)[0]


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
    _, parts = _compile(version.source, version.texts, language, changes)
    return _store(version, language, key, parts, now)


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
