"""Loads `invitro serve` and its Python peer with the same client (wrk), in one run.

usage: server_bench.py INVITRO [SECONDS]
Needs wrk, and FastAPI, uvicorn and numpy in the Python that runs it.
"""
import csv
import json
import os
import re
import socket
import sqlite3
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

here = Path(__file__).resolve().parent
invitro = str(Path(sys.argv[1]).resolve())
seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 6
root = here.parent.parent
board = "/api/v1/leaderboard?benchmark=sample24&split=test"


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    running = []

    def __init__(self, command, cwd, port, env=None):
        self.port, self.log = port, open(cwd / "server.log", "w")
        self.process = subprocess.Popen(command, cwd=cwd, stdout=self.log, stderr=self.log,
                                        env={**os.environ, **(env or {})})
        Server.running.append(self)
        for _ in range(600):
            try:
                self.get(board)
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"no answer from {command[0]}: {(cwd / 'server.log').read_text()}")

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.read()

    def peak(self):
        """Peak memory of the process and its children in MB, added up."""
        total, todo = 0, [self.process.pid]
        while todo:
            pid = todo.pop()
            status = Path(f"/proc/{pid}/status").read_text()
            found = re.search(r"VmHWM:\s+(\d+)", status)
            total += int(found[1]) if found else 0
            children = Path(f"/proc/{pid}/task/{pid}/children")
            todo += [int(child) for child in children.read_text().split()]
        return total / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()
        Server.running.remove(self)


def wrk(server, path, connections, script="read.lua", *arguments, duration=seconds):
    """Requests a second, p50 and p99 in ms."""
    out = subprocess.run(
        ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{duration}s", "-s", str(here / script),
         f"http://127.0.0.1:{server.port}{path}", "--", *arguments],
        check=True, capture_output=True, text=True).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\S+) (\S+) (\S+) (\d+) (\d+)", out)
    requests, duration, p50, p99, _, failed, broken = map(float, found.groups())
    if failed:
        raise SystemExit(f"{failed:.0f} of {requests:.0f} requests to {path} failed:\n{out}")
    if broken:
        print(f"{path}: {broken:.0f} connections broke", file=sys.stderr)
    return requests / duration * 1e6, p50 / 1e3, p99 / 1e3


def make_home(folder):
    run(invitro, "data", "sample", cwd=folder)
    token = run(invitro, "team", "add", "Team A", cwd=folder).strip()
    big = ["--daily", "100000000", "--total", "100000000"]
    run(invitro, "phase", "set", "-b", "sample24", "-s", "test", "--visibility", "public", *big,
        cwd=folder)
    return token


def make_peer(folder, home, site, token):
    """The peer gets the same labels: row order, persons and all."""
    csv.field_size_limit(1 << 30)
    with open(home / "data/sample24/test.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    (folder / "gold.tsv").write_text("".join(
        f"{row['empathy']}\t{row['distress']}\t{row['person']}\n" for row in rows))
    (folder / "token").write_text(token)
    (folder / "site").symlink_to(site)


def fill(store, count):
    """Stored submissions of other teams, until there are `count`: as the server keeps them."""
    database = sqlite3.connect(store)
    database.execute("PRAGMA foreign_keys = ON")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    have = database.execute("SELECT count(*) FROM submission").fetchone()[0]
    metadata, report, file = database.execute(
        "SELECT s.metadata, s.report, p.file FROM submission s JOIN prediction p"
        " ON p.submission = s.id WHERE s.report IS NOT NULL LIMIT 1").fetchone()
    with database:
        for team in range(2, 51):
            database.execute("INSERT OR IGNORE INTO team (id, name, created) VALUES (?, ?, 0)",
                             (team, f"Team {team}"))
        last = database.execute("SELECT max(id) FROM submission").fetchone()[0]
        for i in range(count - have):
            key, team = last + 1 + i, 2 + i % 49
            database.execute(
                "INSERT INTO submission (id, public_id, team, benchmark, split, phase, digest, metadata,"
                " received) VALUES (?, ?, ?, 'sample24', 'test', 'open', ?, ?, 0)",
                (key, f"filled{key:010d}", team, f"{key:064d}", metadata))
            described = json.dumps({**json.loads(metadata), "team": f"Team {team}",
                                    "system": f"System {team}", "predictionsSHA256": f"{key:064d}"})
            database.execute("UPDATE submission SET metadata = ? WHERE id = ?", (described, key))
            database.execute("INSERT INTO prediction VALUES (?, ?)", (key, file))
            # A team's first and then one in a hundred is a new best.
            best = key if (i // 49) % 100 == 0 else None
            database.execute("UPDATE submission SET state = 'released', verdict = ?, report = ?,"
                             " best = ? WHERE id = ?",
                             ("better" if best else "notBetter", report, best, key))
            # The server publishes its boards anew when the history has grown.
            database.execute("INSERT INTO event (submission, at, kind)"
                             " VALUES (?, 0, 'accepted'), (?, 0, 'released')", (key, key))
    # Only the server's own connection merges the write-ahead log.
    database.close()


def log_anew(home):
    """The rows that were filled in are not in the ledger, and without it no server starts."""
    run(invitro, "ledger", "continue", "--why", "Rows were filled in for a benchmark.", cwd=home)


def fill_peer(store, count):
    database = sqlite3.connect(store)
    with database:
        for team in range(2, count + 1):
            database.execute("INSERT INTO team VALUES (?, ?, ?)", (team, f"Team {team}", f"{team}"))
            row = database.execute(
                "INSERT INTO submission (team, benchmark, split, system, digest, file, report, score)"
                " SELECT ?, benchmark, split, system, ?, file, report, score FROM submission LIMIT 1",
                (team, f"{team}")).lastrowid
            database.execute("INSERT INTO board SELECT benchmark, split, team, id, score"
                             " FROM submission WHERE id = ?", (row,))
    database.close()


def line(name, ours, theirs):
    print(f"| {name} | {ours[0]:,.0f} | {ours[1]:.2f} / {ours[2]:.2f} | {theirs[0]:,.0f} |"
          f" {theirs[1]:.2f} / {theirs[2]:.2f} | {ours[0] / theirs[0]:.1f} |", flush=True)


def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        home, peer = Path(place, "home"), Path(place, "peer")
        home.mkdir(mode=0o700)
        peer.mkdir()
        token = make_home(home)
        predictions = str(next((home / "data/sample24-files/systems").iterdir())
                          / "predictions_EMP.tsv")
        port = free_port()
        serve = [invitro, "serve", "--port", str(port), "--site", "site",
                 "--request-rate", "0", "--upload-rate", "0",
                 "--rebuild-seconds", "5"]
        ours = Server(serve, home, port)
        submit(ours, predictions, token)
        wait_for_page(ours, "/sample24/test/leaderboard.json", b"Team A")
        make_peer(peer, home, home / "site", token)
        port = free_port()
        theirs = Server(
            [sys.executable, "-m", "uvicorn", "server_peer:app", "--app-dir", str(here), "--port",
             str(port), "--workers", "2", "--no-access-log"], peer, port,
            {"INVITRO_PEER": str(peer)})
        check_same(ours, theirs, predictions, token)
        fill(home / "data/server.sqlite", 50)
        fill_peer(peer / "peer.sqlite", 50)
        wait_for_page(ours, "/sample24/test/leaderboard.json", b"Team 50")
        page = "/sample24/test/index.html"
        print("| work | ours, requests/s | p50 / p99 ms | peer's, requests/s | p50 / p99 ms | ratio |")
        print("|---|---:|---:|---:|---:|---:|")
        line("leaderboard as JSON, 64 connections", wrk(ours, board, 64), wrk(theirs, board, 64))
        line("a page of the site, 64 connections", wrk(ours, page, 64), wrk(theirs, page, 64))
        peak = ours.peak()
        ours.stop()
        log_anew(home)
        # The peer builds no site, so ours builds none while it takes submissions.
        lean = Server(serve + ["--api-only"], home, ours.port)
        # The machine's speed moves meanwhile: by turns, the first to warm up, and the median of each.
        turns = [[wrk(server, "", 16, "submit.lua", predictions, token, f"load{turn}")
                  for server in (lean, theirs)] for turn in range(6)][1:]
        line("valid submissions, 16 clients", *(sorted(runs)[2] for runs in zip(*turns)))
        print("\nthe ratio turn by turn: "
              + ", ".join(f"{ours[0] / theirs[0]:.1f}" for ours, theirs in turns))
        print(f"peak memory: ours {max(peak, lean.peak()):.0f} MB, the peer's {theirs.peak():.0f} MB")
        theirs.stop()
        lean.stop()
        grow(serve, home, predictions, token)


def wait_for_page(server, path, text):
    for _ in range(300):
        try:
            if text in server.get(path):
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{path} never showed {text}")


def submit(server, predictions, token):
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api/v1/submissions?benchmark=sample24&split=test&system=x",
        Path(predictions).read_bytes(), {
            "Authorization": f"Bearer {token}", "Content-Type": "text/tab-separated-values"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def check_same(ours, theirs, predictions, token):
    """Both give one file the same figures."""
    figures = []
    for server in (ours, theirs):
        scores = submit(server, predictions, token)["scores"]
        scores = scores.get("targets", scores)
        figures.append([
            scores[target][metric].get(key) for target in ("empathy", "distress")
            for metric in ("pcc", "ccc", "rmse", "mae", "spearman", "kendall")
            for key in ("value", "low", "high")])
    worst = max(abs(a - b) for a, b in zip(*figures))
    print(f"largest difference between the two in 36 figures and bounds: {worst:.4f}\n")


def grow(serve, home, predictions, token):
    print("\n| stored submissions | leaderboard, requests/s | p50 / p99 ms | submissions/s |"
          " p50 / p99 ms | first leaderboard after a write, ms | peak memory, MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    store = home / "data/server.sqlite"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{store}{suffix}").unlink(missing_ok=True)
    shutil.rmtree(home / "data/ledger")
    token = run(invitro, "team", "add", "Team A", cwd=home).strip()
    big = ["--daily", "100000000", "--total", "100000000"]
    run(invitro, "phase", "set", "-b", "sample24", "-s", "test", "--visibility", "public", *big,
        cwd=home)
    api, port = serve + ["--api-only"], int(serve[serve.index("--port") + 1])
    server = Server(api, home, port)
    submit(server, predictions, token)
    server.stop()
    for count in (100, 1_000, 10_000, 100_000):
        fill(store, count)
        log_anew(home)
        server = Server(api, home, port)
        reads = wrk(server, board, 64, duration=3)
        writes = wrk(server, "", 16, "submit.lua", predictions, token, f"grow{count}", duration=3)
        fresh = []
        for i in range(20):
            run(invitro, "phase", "set", "-b", "sample24", "-s", "test", "--visibility", "public",
                *big, cwd=home)
            time.sleep(0.3)
            start = time.perf_counter()
            server.get(board)
            fresh.append((time.perf_counter() - start) * 1e3)
        print(f"| {count:,} | {reads[0]:,.0f} | {reads[1]:.2f} / {reads[2]:.2f} | {writes[0]:,.0f} |"
              f" {writes[1]:.2f} / {writes[2]:.2f} | {sorted(fresh)[10]:.2f} | {server.peak():.0f} |",
              flush=True)
        server.stop()
    database = sqlite3.connect(store)
    print("\nEXPLAIN QUERY PLAN of the leaderboard:")
    query = ("SELECT s.public_id FROM board b JOIN submission s ON s.id = b.submission"
             " JOIN team t ON t.id = b.team WHERE b.benchmark = ? AND b.split = ?")
    for row in database.execute("EXPLAIN QUERY PLAN " + query, ("sample24", "test")):
        print("  " + row[3])


try:
    main()
finally:
    for server in list(Server.running):
        server.stop()
