"""Malformed requests at random, and what must hold of every answer.

``python -m tests.fuzz [CASES] [SEED] [--postgresql]`` sends as many to a server of its own and prints what they came
to. The ordinary tests run a bounded number of them (``tests/property/test_fuzz.py``).
"""
