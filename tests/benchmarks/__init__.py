"""Programs that measure how fast the client and the embedded server are. They assert nothing; exact counts are tests.

``python -m tests.benchmarks compare --official /path/to/python`` runs the official client, this one, and plain
``requests`` with ``json.loads`` side by side against a stub server, and prints how they compare.
"""
