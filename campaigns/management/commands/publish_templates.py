from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.compiler import CompileError
from campaigns.email_checks import GMAIL_CLIPS_AT, check_directory, render_sample
from campaigns.email_files import EmailDirectory, list_directories, read_directory
from campaigns.templates_store import is_published, publish_directory


class Command(BaseCommand):
    help = "Publishes changed email templates: compiled in every language, ready to be sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directories", nargs="*", type=Path, help="all of templates/emails by default")

    def handle(self, *, directories: list[Path], **_: Any) -> None:
        failed = [path for path in directories or list_directories() if not self.publish(path.resolve())]
        if failed:
            raise CommandError(f"not published: {', '.join(path.name for path in failed)}")

    def publish(self, path: Path) -> bool:
        try:
            email = read_directory(path)
            if is_published(email):
                self.stdout.write(f"{email.key}: unchanged")
                return True
            findings = check_directory(email, default_language=settings.PAIRWELL["LANGUAGE"])
            errors = [finding for finding in findings if finding.is_error]
            for finding in findings:
                (self.stderr if finding.is_error else self.stdout).write(finding.message)
            if errors:
                return False
            version = publish_directory(email, timezone.now())
        except CompileError as error:
            self.stderr.write(str(error))
            return False
        what = f"published as version {version.number}" if version else "unchanged"
        self.stdout.write(f"{email.key}: {what}, {_describe_size(email)}")
        return True


def _describe_size(email: EmailDirectory) -> str:
    sizes = [
        len(render_sample(email, language, default_language=settings.PAIRWELL["LANGUAGE"]).html.encode())
        for language in email.texts
    ]
    return f"at most {max(sizes) / 1000:.0f} of {GMAIL_CLIPS_AT // 1000} kB with its sample"
