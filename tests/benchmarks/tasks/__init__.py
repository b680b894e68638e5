"""The tasks, each a function that takes a :class:`~tests.benchmarks.child.Bench` and measures itself.

They run with the official client, with ours, and as the ``limit``, so they keep to what the clients share.
"""
