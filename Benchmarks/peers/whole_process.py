"""Times two commands as whole processes, in turn, and prints wall time, peak memory and ratios.

usage: whole_process.py RUNS "NAME A" "COMMAND A" "NAME B" "COMMAND B"
"""
import os
import shlex
import statistics
import sys
import time

runs = int(sys.argv[1])
commands = [(sys.argv[2], shlex.split(sys.argv[3])), (sys.argv[4], shlex.split(sys.argv[5]))]


def run(command):
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


times, memory = ([], []), ([], [])
for index in range(runs + 1):
    for which, (_, command) in enumerate(commands):
        seconds, megabytes = run(command)
        if index > 0:  # the first round warms the caches
            times[which].append(seconds)
            memory[which].append(megabytes)
for which, (name, _) in enumerate(commands):
    print(f"  {name}: {statistics.median(times[which]) * 1e3:.0f} ms (median of {runs}), "
          f"peak {max(memory[which]):.0f} MB")
ratio = statistics.median(b / a for a, b in zip(*times))
print(f"  {commands[0][0]} is {ratio:.1f} times as fast; "
      f"its peak memory is {max(memory[0]) / max(memory[1]):.2f} of the other's")
