import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from campaigns.checking.sources import find_mistakes
from campaigns.compiler import CompileError
from campaigns.email_checks import Finding, check_directory
from campaigns.email_files import read_email


class Command(BaseCommand):
    help = (
        "Checks templates without publishing: compiles every language, renders the sample, and reads it as "
        "mail clients do. Exits with 1 where something has to be mended, with 2 where there is no such file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", help="an MJML file, its directory, or the key of a template")
        parser.add_argument("--json", action="store_true", help="all findings as one JSON document")

    def handle(self, *, files: list[str], **options: Any) -> None:
        found = {name: self.find(name) for name in files}
        if options["json"]:
            report = [{"email": name, "findings": [f.as_json() for f in one]} for name, one in found.items()]
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            for name, findings in found.items():
                self.tell(name, findings)
        broken = [name for name, findings in found.items() if any(f.is_error for f in findings)]
        if broken:
            raise CommandError(f"to be mended: {', '.join(broken)}")

    def find(self, name: str) -> list[Finding]:
        try:
            return check_directory(read_email(name), default_language=settings.PAIRWELL["LANGUAGE"])
        except CompileError as error:
            return list(find_mistakes(error))
        except FileNotFoundError as error:
            raise CommandError(str(error), returncode=2) from error

    def tell(self, name: str, findings: list[Finding]) -> None:
        for finding in findings:
            (self.stderr if finding.is_error else self.stdout).write(finding.message)
        errors = sum(finding.is_error for finding in findings)
        warnings = f"{len(findings) - errors} warnings" if len(findings) - errors != 1 else "1 warning"
        if not errors:
            self.stdout.write(f"{name}: may be sent, {warnings}")
