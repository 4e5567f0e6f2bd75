"""Named places in the way of an email at which a test lets the process die or stand still.

Off, and then one comparison, unless `PAIRWELL_FAILPOINT` names a place: ``after_claim`` kills the process
there (SIGKILL), ``after_claim:3`` the third time it comes by, and ``after_claim:3:stop`` stops it (SIGSTOP),
as a machine that sleeps. It lives below all others, because transports have such places, too.
"""

import os
import signal

PLACES = (
    "after_claim",  # the batch is leased, nothing is prepared
    "before_intent",  # prepared; the transaction of the intent has not begun
    "after_intent",  # the intent is committed, no byte has left
    "before_send",  # the envelopes are about to be given to the transport
    "after_bytes",  # in the transport: the bytes of an email are out, its answer was not read
    "after_response",  # the transport has answered, nothing is written down
    "before_commit",  # written down, not yet committed
    "after_commit",
)
VARIABLE = "PAIRWELL_FAILPOINT"
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Failpoint:
    """What the variable asks for. Raises ValueError, saying what there is, for anything unknown."""

    def __init__(self, wanted: str) -> None:
        place, _, rest = wanted.partition(":")
        times, _, action = rest.partition(":")
        if place not in PLACES or action not in ("", *_SIGNALS) or not (times or "1").isdecimal():
            known = f"PLACE[:TIMES[:{'|'.join(_SIGNALS)}]] with one of {', '.join(PLACES)}"
            raise ValueError(f"{VARIABLE} is {wanted!r}; write {known}.")
        self.place = place
        self._left = int(times or 1)
        self._signal = _SIGNALS[action or "kill"]

    def pass_by(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._signal)


_armed = Failpoint(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def reach(place: str) -> None:
    """The process is at this place. Nothing happens unless it was asked for."""
    if _armed is not None and _armed.place == place:
        _armed.pass_by()
