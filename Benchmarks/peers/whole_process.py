"""Times commands by pairs as whole processes, in turn, and prints wall time, peak memory and ratios as a table.

usage: whole_process.py RUNS "NAME A" "NAME B" ["WORK" "COMMAND A" "COMMAND B"]...
"""
import os
import shlex
import statistics
import sys
import time

runs = int(sys.argv[1])
names = sys.argv[2:4]
works = [sys.argv[i:i + 3] for i in range(4, len(sys.argv), 3)]


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


print(f"| work | {names[0]} | {names[1]} | ratio | peak memory, ours / theirs |")
print("|---|---:|---:|---:|---:|")
for work, *commands in works:
    times, memory = ([], []), ([], [])
    for index in range(runs + 1):
        for which, command in enumerate(commands):
            seconds, megabytes = run(shlex.split(command))
            if index > 0:  # the first round warms the caches
                times[which].append(seconds)
                memory[which].append(megabytes)
    medians = [f"{statistics.median(values) * 1e3:,.0f} ms" for values in times]
    ratio = statistics.median(b / a for a, b in zip(*times))
    print(f"| {work} | {medians[0]} | {medians[1]} | {ratio:.1f} | {max(memory[0]):.0f} / {max(memory[1]):.0f} MB |",
          flush=True)
