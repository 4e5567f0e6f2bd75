"""Which variant: experiments, who is in which arm, what was counted, and what was decided."""

from experiments.models.design import AuditEntry, Experiment, Layer, LayerSlot, Variant
from experiments.models.evidence import Alarm, Decision, Look
from experiments.models.people import AllocationEpoch, Assignment, DayTotals

__all__ = [
    "Alarm",
    "AllocationEpoch",
    "Assignment",
    "AuditEntry",
    "DayTotals",
    "Decision",
    "Experiment",
    "Layer",
    "LayerSlot",
    "Look",
    "Variant",
]
