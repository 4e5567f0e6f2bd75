"""The verdict: what was due against what the servers received, and nothing else believed."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db import connection

from tests.chaos.calm import OPEN
from tests.chaos.noes import COUNTS_LATER
from tests.chaos.people import OFFERS, ORDERS, Person
from tests.chaos.sinks import Receipt
from tests.chaos.storm import Losses
from tests.chaos.transports import API_KEY
from tests.chaos.world import World

_STATES = """
SELECT m.id, c.external_id, p.message_class,
  (SELECT count(*) FROM campaigns_messageoutcome o
    WHERE o.message_id = m.id AND o.reason = 'possible_duplicate')
FROM campaigns_message m JOIN shop_customer c ON c.id = m.customer_id
JOIN campaigns_step s ON s.id = m.step_id JOIN campaigns_campaign p ON p.id = s.campaign_id
"""
_STUCK = "SELECT id FROM campaigns_sendbatch WHERE state IN ('leased', 'submitting')"
_NAMES = ("Quendolyn", "@buyer.example", API_KEY)
_AGREED_LOSSES = ("unknown",)  # of an offer, as the policy says
_REFUSED = ("rejected", "unknown")  # unknown where an earlier try may have left


@dataclass
class Verdict:
    """The figures of a run, and what broke a promise: the invariant and the ids."""

    figures: dict[str, int] = field(default_factory=dict)
    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def is_good(self) -> bool:
        return not any(self.broken.values())


@dataclass(frozen=True)
class _State:
    id: str
    person: str
    is_marketing: bool
    resends: int
    status: str
    reason: str


def judge(world: World, people: list[Person], losses: Losses) -> Verdict:
    """Every promise, checked after the storm."""
    verdict = Verdict()
    connection.close()  # PostgreSQL may have crashed since it was used
    states = _read_states(world)
    receipts = list(world.ledger.receipts)
    _judge_due(people, receipts, states, world.ledger.refused, verdict=verdict)
    _judge_copies(receipts, states, verdict)
    _judge_noes(world, people, receipts, losses=losses, verdict=verdict)
    _judge_books(world, receipts, states, verdict)
    _judge_logs(world, verdict)
    verdict.broken["left in somebody's hands after the lease"] += [str(row[0]) for row in world.read(_STUCK)]
    return verdict


def _read_states(world: World) -> dict[str, _State]:
    from campaigns.models import Message

    told = {str(m.pk): (m.status, m.reason) for m in Message.objects.with_status()}
    return {
        str(pk): _State(str(pk), str(person), kind == "marketing", int(str(resends)), *told[str(pk)])
        for pk, person, kind, resends in world.read(_STATES)
    }


def _judge_due(
    people: list[Person],
    receipts: list[Receipt],
    states: dict[str, _State],
    refused: set[str],
    *,
    verdict: Verdict,
) -> None:
    """Everybody has the one email, said no, or was refused by the server itself. Nobody is forgotten."""
    came = {(receipt.recipient, receipt.sender) for receipt in receipts}
    by_person = {(state.person, state.is_marketing): state for state in states.values()}
    ends: Counter[str] = Counter()
    for person in people:
        state = by_person.get((person.external_id, person.sender == OFFERS))
        if (person.email, person.sender) in came:
            ends["received"] += 1
        elif person.said_no_at:
            ends["said no before"] += 1
        elif person.email in refused and state and state.status in _REFUSED:
            ends["refused by the server"] += 1
        elif state and state.is_marketing and state.status in _AGREED_LOSSES:
            ends["offers nobody can know of"] += 1
        else:
            ends["LOST"] += 1
            verdict.broken["lost"].append(f"{person.external_id}: {state}")
    verdict.figures |= {"due: confirmations": sum(p.sender == ORDERS for p in people)}
    verdict.figures |= {"due: offers": sum(p.sender == OFFERS for p in people)}
    verdict.figures |= dict(sorted(ends.items()))
    verdict.figures["LOST"] = ends["LOST"]


def _judge_copies(receipts: list[Receipt], states: dict[str, _State], verdict: Verdict) -> None:
    """One copy each; a confirmation one more for each time it was flagged as a possible duplicate."""
    for delivery_id, copies in Counter(receipt.delivery_id for receipt in receipts).items():
        state = states.get(delivery_id)
        if state is None:
            verdict.broken["an email that no message stands for"].append(delivery_id)
        elif copies > 1 + (0 if state.is_marketing else state.resends):
            kind = "offer" if state.is_marketing else "confirmation, not flagged"
            verdict.broken[f"doubled: {kind}"].append(f"{delivery_id}: {copies} copies")
        elif copies > 1:
            verdict.figures["confirmations doubled, and flagged"] = (
                verdict.figures.get("confirmations doubled, and flagged", 0) + copies - 1
            )
    ids = defaultdict(set)
    for receipt in receipts:
        ids[receipt.recipient, receipt.sender].add(receipt.delivery_id)
    verdict.broken["two messages for one occasion"] += [
        str(key) for key, them in ids.items() if len(them) > 1
    ]
    verdict.figures["offers doubled"] = len(verdict.broken["doubled: offer"])
    verdict.figures["confirmations resent"] = sum(s.resends for s in states.values())


def _judge_noes(
    world: World, people: list[Person], receipts: list[Receipt], *, losses: Losses, verdict: Verdict
) -> None:
    """No intent was committed after a no, or in a pause of everything; none left without an intent."""
    intents = defaultdict(list)
    for message, at in world.read("SELECT message, at FROM chaos_intent"):
        intents[str(message)].append(float(str(at)))
    noes = _time_noes(world, people, verdict)
    for receipt in receipts:
        committed = intents[receipt.delivery_id]
        if not any(at <= receipt.at for at in committed):
            verdict.broken["left without an intent"].append(receipt.delivery_id)
        if (said := noes.get((receipt.recipient, receipt.sender))) and any(at > said for at in committed):
            verdict.broken["mailed after their no"].append(f"{receipt.delivery_id} {receipt.recipient}")
    for began, ended in losses.pauses:
        paused = [m for m, times in intents.items() if any(began < at < ended for at in times)]
        verdict.broken["committed during a pause"] += paused
    verdict.figures["mailed after their no"] = len(verdict.broken["mailed after their no"])
    verdict.figures["intents committed"] = sum(map(len, intents.values()))


def _time_noes(world: World, people: list[Person], verdict: Verdict) -> dict[tuple[str, str], float]:
    """From when on nothing may leave to whom by which sender, by the wall."""
    from audience.suppression import hash_address

    suppressed = {str(key): float(str(at)) for key, at in world.read("SELECT address_hash, at FROM chaos_no")}
    noes = {}
    for person in people:
        if not person.said_no_at:
            continue
        noes[person.email, person.sender] = person.said_no_at
        if person.way in COUNTS_LATER:
            counted = suppressed.get(hash_address(person.email))
            noes[person.email, person.sender] = counted or person.said_no_at
            if counted is None:
                verdict.broken["a bounce that suppressed nobody"].append(person.email)
    told = Counter(person.way for person in people if person.said_no_at)
    verdict.figures |= {f"said no: {way}": number for way, number in sorted(told.items())}
    verdict.figures["people who said no"] = len({address for address, _sender in noes})
    return noes


def _judge_books(world: World, receipts: list[Receipt], states: dict[str, _State], verdict: Verdict) -> None:
    """What the dashboard says is what happened: all done with, and "sent" only what a server has."""
    from django.utils import timezone

    from campaigns.reports import find_open_work

    came = {receipt.delivery_id for receipt in receipts}
    for state in states.values():
        if state.status in ("queued", "sending", "deferred"):
            verdict.broken["never ended"].append(f"{state.id} {state.status} {state.reason}")
        elif state.status == "accepted" and state.id not in came:
            verdict.broken["called sent, and never received"].append(state.id)
        elif state.id in came and state.status in ("skipped", "rejected", "held_out"):
            verdict.broken["received, and called not sent"].append(
                f"{state.id} {state.status} {state.reason}"
            )
    work = find_open_work(timezone.now())
    is_finished = not (work.due_messages or work.in_doubt or work.oldest_event or work.oldest_due)
    if is_finished != (world.read(OPEN)[0][0] == 0):
        verdict.broken["called finished, and is not (or the other way round)"].append(str(work))
    counts = Counter(state.status for state in states.values())
    verdict.figures |= {f"books: {status}": number for status, number in sorted(counts.items())}
    if (reported := _report_statuses()) != counts:
        verdict.broken["reports differ from the ledger"].append(f"{reported} {counts}")


def _report_statuses() -> Counter[str]:
    from datetime import UTC, timedelta

    from django.utils import timezone

    from campaigns.reports import Period, count_messages_by_day

    period = Period(timezone.now() - timedelta(days=30), timezone.now() + timedelta(days=1))
    return sum(count_messages_by_day(period, UTC).values(), Counter())


def _judge_logs(world: World, verdict: Verdict) -> None:
    for log in sorted(world.logs.iterdir()):
        text = log.read_text(encoding="utf8", errors="replace")
        for secret in _NAMES:
            if secret in text:
                line = text.count("\n", 0, text.index(secret)) + 1
                verdict.broken["personal data or a key in a log"].append(f"{log.name}, line {line}")
