"""Mutual exclusion: which hundredths of a layer's people belong to which experiment."""

from django.db import IntegrityError, transaction

from experiments.assignment import SLOTS
from experiments.models import Experiment, Layer, LayerSlot
from experiments.problems import ExperimentError, Problem


def reserve_slots(experiment: Experiment, layer: Layer, *, first: int, last: int) -> None:
    """Gives the experiment the slots from `first` to `last`, both included, and takes its others away.

    Raises ExperimentError, changing nothing, for a range outside 0 to 99, slots of another experiment
    (the message names it), or an experiment that has started: its people are where they are.
    """
    if not 0 <= first <= last < SLOTS:
        raise ExperimentError(
            Problem(
                "The slots %(first)s to %(last)s are no range of the layer; give 0 to %(most)s.",
                {"first": first, "last": last, "most": SLOTS - 1},
            )
        )
    if experiment.status != Experiment.Status.DRAFT:
        raise ExperimentError(
            Problem(
                "Experiment %(key)s has started, so its people can't change any more.",
                {"key": experiment.key},
            )
        )
    try:
        with transaction.atomic():
            # Two experiments that trade places would each wait for the slots that the other gives up.
            Layer.objects.select_for_update(no_key=True).get(pk=layer.pk)
            LayerSlot.objects.filter(experiment=experiment).delete()
            LayerSlot.objects.bulk_create(
                LayerSlot(layer=layer, number=number, experiment=experiment)
                for number in range(first, last + 1)
            )
            Experiment.objects.filter(pk=experiment.pk).update(layer=layer)
    except IntegrityError as error:
        raise ExperimentError(_name_owners(layer, first, last)) from error
    experiment.layer = layer


def release_slots(experiment: Experiment) -> None:
    """Lets other experiments have these people; call it once the last window is over."""
    LayerSlot.objects.filter(experiment=experiment).delete()


def _name_owners(layer: Layer, first: int, last: int) -> Problem:
    taken = LayerSlot.objects.filter(layer=layer, number__range=(first, last))
    owners = ", ".join(sorted(set(taken.values_list("experiment__key", flat=True))))
    free = sorted(set(range(SLOTS)) - set(layer.slots.values_list("number", flat=True)))
    where = Problem("none is free.")
    if free:
        where = Problem("free are %(first)s to %(last)s at most.", {"first": free[0], "last": free[-1]})
    return Problem(
        "Some of the slots %(first)s to %(last)s of layer %(layer)s belong to %(owners)s; %(free)s",
        {"first": first, "last": last, "layer": layer.key, "owners": owners, "free": where},
    )
