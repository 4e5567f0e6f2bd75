"""Python's garbage collector in a process that sends for days.

A batch makes a million objects and drops nearly all of them by itself; meanwhile the collector looks through
everything that was imported, again and again: a fifth of the work, for nothing.
"""

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 20  # objects, and how many times each generation is passed over


def calm_collector() -> None:
    """Sets what is loaded by now aside for good, and makes the collector come more rarely.

    Call it once, when the process is ready to work. Cycles are still found, some ten thousand objects later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
