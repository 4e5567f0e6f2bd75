from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from campaigns.compiler import CompileError
from campaigns.email_checks import render_sample
from campaigns.email_files import EmailDirectory, read_context, read_email
from campaigns.rendering import RenderError
from shop.values import BadValue, read_language


class Command(BaseCommand):
    help = "Renders a template with its sample, or with a context of yours, and writes HTML or text."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("template", help="body.mjml, its directory, or the key of a template")
        parser.add_argument("--context", type=Path, help="a JSON file instead of sample.json")
        parser.add_argument("--language", help="fa, ar-EG, …; else the file's own, or the shop's")
        parser.add_argument("--text", action="store_true", help="the plain text, with subject and preheader")
        parser.add_argument("--out", type=Path, help="a file instead of the terminal")

    def handle(self, *, template: str, context: Path | None, language: str | None, **options: Any) -> None:
        try:
            email = self.read(template, context)
            default = settings.PAIRWELL["LANGUAGE"]
            language = read_language(language or "") or email.language or default
            rendered = render_sample(email, language, default_language=default)
        except BadValue as error:
            raise CommandError(f"--language: {error.message} {error.hint}") from error
        except OSError as error:
            raise CommandError(f"can't read {error.filename}: {error.strerror}") from error
        except (CompileError, RenderError) as error:
            raise CommandError(str(error)) from error
        plain = f"{rendered.subject}\n{rendered.preheader}\n\n{rendered.text}"
        content = plain if options["text"] else rendered.html
        if not options["out"]:
            self.stdout.write(content)
            return
        try:
            options["out"].write_text(content, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"can't write {options['out']}: {error.strerror}") from error

    def read(self, template: str, context: Path | None) -> EmailDirectory:
        email = read_email(template)
        if context:
            email = replace(email, sample=read_context(context))
        return email
