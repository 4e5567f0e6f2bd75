"""Learnt tables, what marketers decide by hand, and what customers made of it."""

from recommendations.models.decisions import (
    Bundle,
    ComplementRule,
    Listing,
    OfferRules,
    Pin,
    ServiceOffer,
)
from recommendations.models.responses import CustomerResponse, FeedbackCursor, ProductResponse
from recommendations.models.tables import (
    Bestseller,
    EvaluationRun,
    Kind,
    Neighbour,
    NeighbourModel,
    PairPartition,
    RecentSales,
    RuleBook,
    Slot,
    SlotChoice,
    TypeNeighbour,
)

__all__ = [
    "Bestseller",
    "Bundle",
    "ComplementRule",
    "CustomerResponse",
    "EvaluationRun",
    "FeedbackCursor",
    "Kind",
    "Listing",
    "Neighbour",
    "NeighbourModel",
    "OfferRules",
    "PairPartition",
    "Pin",
    "ProductResponse",
    "RecentSales",
    "RuleBook",
    "ServiceOffer",
    "Slot",
    "SlotChoice",
    "TypeNeighbour",
]
