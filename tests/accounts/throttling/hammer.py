"""One process whose threads take and settle attempts: `python -m … SEED OUTCOMES`.

Prints one JSON list of [began, ended, keys, outcome] for each attempt that was made.
"""

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import django

THREADS = 6
ROUNDS = 8
HOUR = 3600


def attempts_of(number):
    """Return what one sign-in of this number counts, as `SignInAttempt` does."""
    from accounts.throttling.limits import Attempt, Limit, since_success

    account, address = f"account-{number % 2}", f"address-{number % 3}"
    return [
        Attempt(Limit("z-account", 7, (HOUR,)), account),
        Attempt(Limit("m-address", 9, (HOUR,)), address),
        Attempt(since_success(20, 5), account),
        Attempt(Limit("a-always", 200, (HOUR,), settles=False), address),
    ]


def one_thread(seed, outcomes):
    """Make attempts in a random order of their keys; return those that had room."""
    from django.db import connection

    from accounts.throttling.limits import Throttled, settle_all, take_all

    chance = random.Random(seed)
    made = []
    for _ in range(ROUNDS):
        attempts = attempts_of(chance.randrange(6))
        chance.shuffle(attempts)
        try:
            take_all(attempts)
        except Throttled:
            continue
        began = time.monotonic()
        time.sleep(chance.random() / 50)
        outcome = chance.choice(outcomes)
        ended = time.monotonic()
        settled = [one for one in attempts if one.limit.settles]
        settle_all(**{outcome: settled})
        made.append((began, ended, [one.key for one in attempts], outcome))
    connection.close()
    return made


def main(seed, outcomes):
    """Run the threads; print what they made."""
    django.setup()
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [
            pool.submit(one_thread, seed * THREADS + n, outcomes)
            for n in range(THREADS)
        ]
        print(json.dumps([made for job in jobs for made in job.result()]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2].split(","))
