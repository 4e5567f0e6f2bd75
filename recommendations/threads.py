"""Heavy sums on two processors: NumPy and SciPy let go of the interpreter while they add and multiply."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 2

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
    """The result of each item in turn, the next ones under way meanwhile; at most three are held.

    `work` may read what others read and write only what is its own. Whatever it raises is raised here.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        under_way: deque[Future[Result]] = deque()
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) > THREADS:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
