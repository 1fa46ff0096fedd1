"""What the scripts beside this one share."""

import resource
import statistics
import sys
import time


def seconds_a_call(call, seconds=0.03, rounds=5):
    """The median, over rounds of at least some seconds each, of the time of one call."""
    call()
    call()
    start = time.perf_counter()
    call()
    once = max(time.perf_counter() - start, 1e-7)
    calls = 1 + int(seconds / once)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def peak_rss_mb():
    """The most memory the process had resident, in 10^6 bytes."""
    try:  # what getrusage says includes the program that started this one
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
