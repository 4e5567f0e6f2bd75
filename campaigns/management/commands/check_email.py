from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from campaigns.compiler import CompileError
from campaigns.email_checks import Finding, check_directory
from campaigns.email_files import read_email


class Command(BaseCommand):
    help = "Checks templates without publishing: compiles every language and renders the sample."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", help="body.mjml, its directory, or the key of a template")

    def handle(self, *, files: list[str], **_: Any) -> None:
        broken = [name for name in files if not self.check_one(name)]
        if broken:
            raise CommandError(f"to be mended: {', '.join(broken)}")

    def check_one(self, name: str) -> bool:
        findings = self.find(name)
        for finding in findings:
            (self.stderr if finding.is_error else self.stdout).write(finding.message)
        is_fine = not any(finding.is_error for finding in findings)
        if is_fine:
            self.stdout.write(f"{name}: may be sent")
        return is_fine

    def find(self, name: str) -> list[Finding]:
        try:
            return check_directory(read_email(name), default_language=settings.PAIRWELL["LANGUAGE"])
        except (CompileError, FileNotFoundError) as error:
            return [Finding(str(error))]
