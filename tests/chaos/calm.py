"""After the storm: what is left to do is done, within bounds, and nights pass in an instant."""

import time
from datetime import timedelta

from django.utils import timezone

from tests.chaos.world import World

OPEN = """
SELECT (SELECT count(*) FROM shop_event WHERE processed_at IS NULL)
     + (SELECT count(*) FROM triggers_enrolment WHERE state = 'waiting')
     + (SELECT count(*) FROM campaigns_message m LEFT JOIN campaigns_sendbatch b ON b.id = m.batch_id
         WHERE NOT m.is_closed AND (b.id IS NULL OR b.state NOT IN ('done', 'cancelled')))
     + (SELECT count(*) FROM campaigns_messageoutcome WHERE kind = 'unknown' AND until IS NOT NULL)
     + (SELECT count(*) FROM campaigns_webhookpayload WHERE processed_at IS NULL)
"""
_UNDER_WAY = "SELECT count(*) FROM campaigns_sendbatch WHERE state IN ('leased', 'submitting')"
_NEXT = """
SELECT min(at) FROM (
    SELECT due_at AS at FROM triggers_enrolment WHERE state = 'waiting'
    UNION ALL SELECT due_at FROM campaigns_message WHERE batch_id IS NULL AND NOT is_closed
    UNION ALL SELECT greatest(due_at, (SELECT max(probe_at) FROM campaigns_route WHERE breaker <> 'closed'))
        FROM campaigns_sendbatch WHERE state = 'ready' AND EXISTS (
            SELECT 1 FROM campaigns_message WHERE batch_id = campaigns_sendbatch.id AND NOT is_closed)
    UNION ALL SELECT until FROM campaigns_messageoutcome WHERE kind = 'unknown' AND until IS NOT NULL
) AS due
"""
SOON = timedelta(minutes=2)  # two seconds by the wall


def count_open(world: World) -> int:
    """Events, waits, messages, doubts and payloads that are not done with."""
    return int(str(world.read(OPEN)[0][0]))


def wait_for_calm(world: World, seconds: float) -> bool:
    """Whether everything was done with in time."""
    deadline, told = time.monotonic() + seconds, 0.0
    while count := count_open(world):
        if time.monotonic() > deadline:
            return False
        if time.monotonic() - told > 10:
            told = time.monotonic()
            print(f"  still open: {count}", flush=True)
        _skip_what_is_only_waited_for(world)
        time.sleep(0.3)
    return True


def _skip_what_is_only_waited_for(world: World) -> None:
    [[under_way]], [[due]] = world.read(_UNDER_WAY), world.read(_NEXT)
    if not under_way and due is not None and due - timezone.now() > SOON:  # type: ignore[operator]
        world.clock.set_on(due - timezone.now())  # type: ignore[operator]
