"""Engine processes in a tenth of a second: a process that has everything imported, and forks.

It takes a JSON line for each engine (`servers.Nursery.start_engine` writes it), starts the real
`run_engine` in a child, and tells on its standard output what becomes of each: ``born``, ``stopped``,
``killed``, ``ended``. When its input ends it kills what it has started, and leaves.
"""

import gc
import json
import os
import select
import signal
import sys
from typing import Any

ENGINE_POLL = 0.2


def main() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.chaos.settings"
    django.setup()
    _import_everything()
    gc.freeze()
    _tell(0, "ready")
    children: set[int] = set()
    unread, is_open = b"", True
    while is_open:
        if select.select([0], [], [], 0.05)[0]:
            chunk = os.read(0, 65536)
            is_open = bool(chunk)
            *lines, unread = (unread + chunk).split(b"\n")
            for line in lines:
                children.add(_give_birth(json.loads(line)))
        _watch(children)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _import_everything() -> None:
    import celery  # noqa: F401
    from django.db import connections

    import delivery.sendgrid
    import delivery.smtp  # noqa: F401
    import triggers.management.commands.run_engine  # noqa: F401

    connections.close_all()


def _give_birth(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _live(order)
    _tell(pid, "born", tag=order["tag"])
    return pid


def _live(order: dict[str, Any]) -> None:
    from django.conf import settings
    from django.core.management import call_command

    from delivery import failpoints
    from tests.chaos.settings import CLOCK

    code = 1
    try:
        if order["failpoint"]:
            failpoints._armed = failpoints.Failpoint(order["failpoint"])
        CLOCK.shift(order["shift"])
        settings.PAIRWELL["TRANSPORT"] = order["transport"]
        with open(os.devnull, "w") as nowhere:
            call_command("run_engine", poll=ENGINE_POLL, stdout=nowhere)
        code = 0
    finally:
        os._exit(code)


def _watch(children: set[int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return
        if os.WIFSTOPPED(status):
            _tell(pid, "stopped")
            continue
        children.discard(pid)
        _tell(pid, "killed" if os.WIFSIGNALED(status) else "ended")


def _tell(pid: int, what: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"pid": pid, "what": what, **more}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
