from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shop.api_keys import create_api_key
from shop.models import ApiKey


class Command(BaseCommand):
    help = "Create a key for the HTTP API and print it, once. Revoke keys in the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="Who uses it, such as 'web shop'")

    def handle(self, *_: Any, **options: Any) -> None:
        name = options["name"].strip()
        length = ApiKey._meta.get_field("name").max_length or 0
        if not 0 < len(name) <= length:
            raise CommandError(f"The name has {len(name)} characters; write 1 to {length}.")
        key, plain = create_api_key(name, now=timezone.now())
        self.stderr.write(f"Key {key.prefix}… for {key.name}. Copy it now: it is not shown again.")
        self.stdout.write(plain)
