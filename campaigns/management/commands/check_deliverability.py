import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from campaigns.header_checks import check_headers
from delivery.configuration import ConfigurationError
from delivery.deliverability.dns import Dns, SystemDns
from delivery.deliverability.findings import Finding, exit_code
from delivery.deliverability.report import check_domain
from delivery.dkim_signing import read_signer


class Command(BaseCommand):
    help = (
        "Whether mailbox providers can tell that mail from this domain is yours: SPF, DKIM, DMARC, "
        "alignment, MX, PTR, and the headers of your own marketing mail. Ends with 1 where something is "
        "wrong, with 3 where nothing is but a look-up failed, else with 0."
    )
    dns: Dns = SystemDns()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("domain")
        parser.add_argument("--selector", action="append", default=[], help="of a DKIM key; may be repeated")
        parser.add_argument("--ip", default="", help="of the machine that sends, to check its name")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *, domain: str, selector: list[str], ip: str, **options: Any) -> None:
        try:
            findings = self.check_all(domain, selector, ip)
        except (ConfigurationError, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1))
        else:
            self.stdout.write("\n".join(map(_tell, findings)))
        if code := exit_code(findings):
            raise SystemExit(code)

    def check_all(self, domain: str, selectors: list[str], ip: str) -> list[Finding]:
        config = settings.PAIRWELL
        signer = read_signer(config["DKIM_SELECTOR"], config["DKIM_KEY"])
        own = {signer.selector: signer.public_key} if signer else {}
        senders = [config[key].rpartition("@")[2] for key in ("FROM_EMAIL", "MARKETING_FROM_EMAIL")]
        found = check_domain(
            domain, self.dns, selectors=selectors or list(own), senders=senders, ip=ip, own_keys=own
        )
        return found + check_headers(signer)


def _tell(finding: Finding) -> str:
    mend = f"\n{'':14}{'':14}{finding.mend}" if finding.mend else ""
    return f"{finding.state.upper():<14}{finding.check:<14}{finding.message}{mend}"
