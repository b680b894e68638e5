"""Send malformed requests and print what they came to."""

from __future__ import annotations

import random
import sys
import time

from tests.fuzz.judging import Target

numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
count, seed = [*numbers, *(2_000, 1)[len(numbers) :]]
postgresql = None
if "--postgresql" in sys.argv:
    from tests.postgresql import PostgreSQL

    postgresql = PostgreSQL()
target = Target(postgresql.create) if postgresql else Target()
started = time.monotonic()
failures = 0
for number in range(count):
    case = f"{seed}-{number}"
    try:
        target.attack(random.Random(case))
    except AssertionError as error:
        failures += 1
        print(f"case {case}: {error}\n")
    if failures == 10:
        break
target.close()
if postgresql:
    postgresql.stop()
print(f"{number + 1} requests in {time.monotonic() - started:.0f} s, {failures} answered wrongly")
for outcome, found in target.outcomes.most_common():
    print(f"{found:8} {outcome}")
sys.exit(bool(failures))
