"""One run: the servers, the sinks, the shop and its people, and what the database says meanwhile."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.chaos.clock import FastClock
from tests.chaos.environment import make_environment
from tests.chaos.servers import Broker, Database, Nursery, Program, start_web
from tests.chaos.sinks import ChaosSendGrid, ChaosSmtp, Ledger
from tests.chaos.transports import API_KEY
from tests.chaos.waiting import persist
from tests.servers.http_server import free_port

# At the end of each transaction that commits an intent, PostgreSQL itself writes down who is about to be
# written to, and the wall's time; and at the end of each that suppresses an address, which. The engine does
# not know of it.
_WITNESS = """
CREATE TABLE chaos_intent (message uuid NOT NULL, route text NOT NULL, at double precision NOT NULL);
CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos_intent SELECT id, NEW.route, extract(epoch FROM clock_timestamp())
    FROM campaigns_message WHERE batch_id = NEW.id AND NOT is_closed;
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER chaos_witness AFTER UPDATE OF state ON campaigns_sendbatch
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.state = 'submitting' AND OLD.state <> 'submitting') EXECUTE FUNCTION chaos_note();
CREATE TABLE chaos_no (address_hash text NOT NULL, scope text NOT NULL, at double precision NOT NULL);
CREATE FUNCTION chaos_note_no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos_no VALUES (NEW.address_hash, NEW.scope, extract(epoch FROM clock_timestamp()));
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER chaos_no_witness AFTER INSERT ON audience_suppression
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chaos_note_no();
"""


@dataclass
class World:
    """Everything that runs. `environments` are those of the processes, by transport."""

    folder: Path
    database: Database
    broker: Broker
    clock: FastClock
    ledger: Ledger
    sendgrid: ChaosSendGrid
    smtp: ChaosSmtp
    environments: dict[str, dict[str, str]]
    port: int

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def read(self, query: str) -> list[tuple[object, ...]]:
        """Rows, read beside the engine and not through it."""

        def ask() -> list[tuple[object, ...]]:
            with psycopg.connect(self.database.url) as server:
                return server.execute(query.encode()).fetchall()

        return persist(ask)

    def install_witness(self) -> None:
        with psycopg.connect(self.database.url) as server:
            server.execute(_WITNESS.encode())

    def start_web(self) -> Program:
        return start_web(self.port, self.environments["sendgrid"], self.logs)

    def start_nursery(self) -> Nursery:
        return Nursery(self.environments["sendgrid"], self.logs)

    def set_fault_rate(self, rate: float) -> None:
        self.sendgrid.rate = self.smtp.rate = rate


@contextmanager
def open_world(folder: Path, seed: int) -> Iterator[World]:
    """All servers, and this process set up for the same database and the same clock."""
    (folder / "logs").mkdir()
    ledger = Ledger()
    database, broker, port = Database(folder / "postgres"), Broker(), free_port()
    FastClock.create(folder / "clock")
    try:
        with (
            ChaosSendGrid(ledger, random.Random(f"{seed}:sendgrid")) as sendgrid,
            ChaosSmtp(ledger, random.Random(f"{seed}:smtp")) as smtp,
        ):
            common = {
                "DATABASE_URL": database.url,
                "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
                "PAIRWELL_CHAOS_CLOCK": str(folder / "clock"),
                "PAIRWELL_BROKER_URL": broker.url,
                "PAIRWELL_BASE_URL": f"http://127.0.0.1:{port}",
                "PAIRWELL_BATCH_SIZE": "8",
                "PAIRWELL_LOG_LEVEL": "INFO",
                "SENDGRID_API_KEY": API_KEY,
                "SENDGRID_HOST": sendgrid.url,
                "SENDGRID_WEBHOOK_KEYS": sendgrid.signer.public_key,
                "PAIRWELL_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}?tls=none",
            }
            environments = {
                name: make_environment(
                    folder, **common, PAIRWELL_TRANSPORT=f"tests.chaos.transports.build_{name}"
                )
                for name in ("sendgrid", "smtp")
            }
            os.environ |= environments["sendgrid"] | {"PAIRWELL_LOG_LEVEL": "ERROR"}
            import django

            django.setup()
            from tests.chaos.settings import CLOCK

            yield World(folder, database, broker, CLOCK, ledger, sendgrid, smtp, environments, port)
    finally:
        broker.stop()
        database.stop()
