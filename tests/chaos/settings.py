"""Pairwell's settings as they are, on the fast clock. Every process of a run has them."""

from config.settings import *  # noqa: F403
from tests.chaos.clock import install

CLOCK = install()
