"""Runs the storm and prints the verdict; exits with 1 when a promise was broken.

python -m tests.chaos --kills 200 --seed 7 --minutes 20
"""

import argparse
import random
import secrets
import shutil
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from delivery.failpoints import PLACES
from tests.chaos.calm import count_open, wait_for_calm
from tests.chaos.news import News
from tests.chaos.people import People
from tests.chaos.servers import Nursery
from tests.chaos.shop import set_up_shop
from tests.chaos.site import Site
from tests.chaos.storm import Losses, Storm
from tests.chaos.verdict import Verdict, judge
from tests.chaos.world import World, open_world

SHARE_OF_SMTP = 0.35
CALM_SECONDS = 240


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--minutes", type=float, default=20, help="for the storm; the calm after it has four")
    parser.add_argument("--keep", action="store_true", help="keep the run's folder with its logs")
    options = parser.parse_args(arguments)
    print(f"chaos: {options.kills} kills, seed {options.seed}", flush=True)
    folder, began = Path(tempfile.mkdtemp(prefix="pairwell-chaos-")), time.monotonic()
    folder.chmod(0o755)  # PostgreSQL runs as another user where we are root
    try:
        with open_world(folder, options.seed) as world:
            losses, verdict = run(world, options.kills, options.seed, seconds=60 * options.minutes)
    finally:
        if options.keep:
            print(f"The logs are in {folder / 'logs'}.")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if losses.total < options.kills:
        verdict.broken["too few kills in the time"].append(str(losses.total))
    print_table(world, losses, verdict, minutes=(time.monotonic() - began) / 60)
    print(f"seed {options.seed}: {'every promise was kept' if verdict.is_good else 'BROKEN'}")
    return 0 if verdict.is_good else 1


def run(world: World, kills: int, seed: int, *, seconds: float) -> tuple[Losses, Verdict]:
    """SendGrid's storm, then SMTP's, and what came of them."""
    api_key = set_up_shop()
    world.install_witness()
    web, site = world.start_web(), Site(world.url)
    people = People(
        site,
        api_key,
        signer=world.sendgrid.signer,
        ledger=world.ledger,
        chance=random.Random(f"{seed}:people"),
        count_open=lambda: count_open(world),
        backlog=min(400, 5 * kills),
    )
    news = News(site, world.sendgrid.signer, random.Random(f"{seed}:news"))
    world.sendgrid.told = news.take
    news.start()
    people.start()
    nursery = world.start_nursery()
    try:
        losses, is_calm = _weather(world, nursery, people, news=news, kills=kills, seed=seed, seconds=seconds)
        verdict = judge(world, people.known, losses)
    finally:
        nursery.close()
        web.stop()
    verdict.figures |= {"events posted by SendGrid": news.posted, "of them before the answer": news.early}
    if not is_calm:
        verdict.broken["not done with in time"].append(f"{count_open(world)} rows")
    return losses, verdict


def _weather(
    world: World, nursery: Nursery, people: People, *, news: News, kills: int, seed: int, seconds: float
) -> tuple[Losses, bool]:
    """What was lost, and whether all was done with in time afterwards."""
    losses, deadline = Losses(), time.monotonic() + seconds
    by_smtp = round(kills * SHARE_OF_SMTP)
    with closing(_make_storm(world, "sendgrid", losses, nursery=nursery, seed=seed)) as storm:
        storm.rage(kills - by_smtp, deadline)
        storm.end()
    with closing(_make_storm(world, "smtp", losses, nursery=nursery, seed=seed)) as storm:
        storm.rage(by_smtp, deadline)
        people.stop()
        world.set_fault_rate(0)
        storm.end()
        news.finish(240)
        return losses, wait_for_calm(world, CALM_SECONDS)


def _make_storm(world: World, transport: str, losses: Losses, *, nursery: Nursery, seed: int) -> Storm:
    return Storm(world, transport, losses, nursery=nursery, chance=random.Random(f"{seed}:{transport}"))


def print_table(world: World, losses: Losses, verdict: Verdict, *, minutes: float) -> None:
    rows: list[tuple[str, object]] = [("KILLED (SIGKILL)", losses.total)]
    places = [*PLACES, *sorted(set(losses.kills) - set(PLACES))]
    rows += [(f"  {place}", losses.kills[place]) for place in places]
    rows += [("INCIDENTS", sum(losses.incidents.values()))]
    rows += [(f"  {name}", number) for name, number in sorted(losses.incidents.items())]
    rows += [("FAULTS OF THE SERVERS", sum(world.ledger.faults.values()))]
    rows += [(f"  {name}", number) for name, number in sorted(world.ledger.faults.items())]
    rows += [("EMAILS RECEIVED", len(world.ledger.receipts))]
    rows += [(f"  {name}", number) for name, number in verdict.figures.items()]
    for name, number in rows:
        print(f"{name:48}{number:>8}")
    print(f"{minutes:.1f} minutes")
    for name, ids in verdict.broken.items():
        if ids:
            print(f"BROKEN {name}: {len(ids)}", *ids[:10], sep="\n    ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
