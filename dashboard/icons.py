"""A dozen line icons of our own, drawn on a 24 unit square."""

PATHS = {
    "overview": "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
    "campaigns": "M4 10v4l11 5V5zM15 9a3 3 0 0 1 0 6M7 15l1 5h3l-1-4",
    "messages": "M3 6h18v12H3zM3 7l9 7 9-7",
    "sending": "M3 11l18-8-8 18-2-8zM11 13l10-10",
    "inbox": "M4 5h16l1 9v5H3v-5zM3 14h5l2 3h4l2-3h5",
    "customers": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
    "experiments": "M9 3h6M10 3v6L4 20h16L14 9V3M7 15h10",
    "templates": "M4 4h16v5H4zM4 13h9v7H4zM17 13h3v7h-3z",
    "recommendations": "M12 3l2.6 6 6.4.6-4.9 4.2 1.5 6.2L12 16.7 6.4 20l1.5-6.2L3 9.6 9.4 9z",
    "wait": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2",
    "bolt": "M13 3 5 14h6l-1 7 8-11h-6z",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5",
    "cart": "M3 4h3l2 11h10l2-8H7M9 20h.01M17 20h.01",
    "shield": "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z",
    "language": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
    "leave": "M10 4H4v16h6M9 12h11M16 8l4 4-4 4",
    "forward": "M9 5l7 7-7 7",
    "back": "M15 5l-7 7 7 7",
    "pause": "M8 5v14M16 5v14",
    "play": "M7 5l12 7-12 7z",
    "engineer": "M4 6h16v12H4zM8 10l2 2-2 2M13 14h3",
    "edit": "M4 20h4L19 9l-4-4L4 16z",
}
# These point along the line of reading and turn round with it.
MIRRORED = frozenset({"forward", "back", "leave", "campaigns"})
