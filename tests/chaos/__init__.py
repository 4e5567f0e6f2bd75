"""Chaos: the whole engine on real servers, killed at every named place, and then every email counted.

python -m tests.chaos --kills 200 --seed 1
"""
