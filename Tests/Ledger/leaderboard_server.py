"""A data home with the synthetic benchmark, its server, and clients that submit to it."""

import collections
import csv
import http.client
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import threading
import time
import urllib.parse

import tlog
from tlog import must

OPEN, GUARDED = "sample24/test", "sample24/dev"
NAMES = ["Zebrafinch", "Quokkapaws", "Marzipanix", "Thistledown", "Vuvuzelans", "Kumquatters",
         "Wombatical", "Xylophonic", "Jabberwocks", "Oystercatch", "Pangolinear", "Yarrowdale"]
Team = collections.namedtuple("Team", "name token")
Receipt = collections.namedtuple("Receipt", "id board leaf index note digest file")


class Home:
    """A data home, and the program that works on it."""

    def __init__(self, program, path):
        self.program, self.path = program, pathlib.Path(path)

    def run(self, *arguments, code=0):
        """Standard output and errors of a command."""
        done = subprocess.run(
            [self.program, *arguments], cwd=self.path.parent, text=True, capture_output=True,
            env={**os.environ, "INVITRO_DATA": str(self.path)}, timeout=120, check=False)
        must(done.returncode == code,
             f"invitro {' '.join(arguments)} ended with {done.returncode}, not {code}: {done.stderr}")
        return done.stdout, done.stderr

    @property
    def signers(self):
        return [tlog.Signer.read(line) for line in (self.path / "ledger.key").read_text().split("\n") if line]

    @property
    def acknowledged(self):
        """Submissions that were accepted up to the last signed checkpoint that was made known."""
        return int((self.path / "ledger/head").read_bytes().partition(b"\n")[0])

    def has(self, *command):
        """Whether this build has the command."""
        done = subprocess.run(
            [self.program, *command, "--help"], text=True, capture_output=True, check=False)
        return f"USAGE: invitro {' '.join(command)} " in done.stdout

    def prepare(self):
        """Labels, teams and two boards, the guarded one with room for everything. Returns the teams."""
        self.path.mkdir(mode=0o700)
        self.run("data", "sample")
        teams = [Team(name, self.run("team", "add", name)[0].split()[-1]) for name in NAMES]
        # Teams send more than anybody could in earnest.
        room = ["--visibility", "public", "--daily", "100000", "--total", "100000"]
        self.run("phase", "set", "-b", "sample24", "-s", "test", "--labels", "open", *room)
        self.run("phase", "set", "-b", "sample24", "-s", "dev", "--labels", "hidden", "--floor", "0.1",
                 "--over-budget", "Synthetic labels.", *room)
        return teams


class Server:
    def __init__(self, home, *options):
        self.home, self.options, self.process, self.port, self.stops = home, options, None, None, 0

    def start(self, seconds=60):
        log = self.home.path.parent / f"server-{self.home.path.name}.log"
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                [self.home.program, "serve", "--port", "0", "--request-rate", "0", "--upload-rate", "0",
                 "--rebuild-seconds", "1", "--replicates", "200", *(self.options or ["--api-only"])], cwd=self.home.path.parent,
                env={**os.environ, "INVITRO_DATA": str(self.home.path)}, stdout=errors, stderr=errors)
        deadline = time.monotonic() + seconds
        while True:
            text = log.read_text()
            ready = re.search(r"^listening on .*:(\d+)$", text, re.M)
            if ready:
                self.port = int(ready[1])
                return
            must(self.process.poll() is None, f"the server ended with {self.process.returncode}: {text}")
            must(time.monotonic() < deadline, f"the server was not ready after {seconds} s: {text}")
            time.sleep(0.02)

    def kill(self, with_=signal.SIGKILL):
        self.port = None
        self.process.send_signal(with_)
        self.process.wait(60)

    def stop(self):
        self.kill(signal.SIGTERM)
        must(self.process.returncode == 0, f"the server stopped with {self.process.returncode}")

    def json(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body)

    def board(self, board):
        """None until it is made, soon after a start."""
        benchmark, split = board.split("/")
        status, document = self.json(f"/api/v1/leaderboard?benchmark={benchmark}&split={split}")
        must(status in (200, 404), f"{board}: status {status}: {document}")
        return document if status == 200 else None


class Gold:
    """Labels of a split, out of which clients make better and worse predictions."""

    def __init__(self, path):
        with open(path, newline="", encoding="utf-8") as file:
            self.rows = [(float(row["empathy"]), float(row["distress"])) for row in csv.DictReader(file)]

    def predictions(self, chance):
        noise = chance.choice([0.4, 1, 2, 4])

        def near(value):
            return f"{min(7, max(1, chance.gauss(value, noise))):.4f}"
        return "".join(f"{near(one)}\t{near(two)}\n" for one, two in self.rows).encode()


class Clients:
    """Threads that submit until they are told to pause, and keep each receipt."""

    def __init__(self, server, teams, seed, count=8):
        self.server, self.teams, self.seed, self.count = server, teams, seed, count
        data = server.home.path / "sample24"
        self.gold = {OPEN: Gold(data / "test.csv"), GUARDED: Gold(data / "dev.csv")}
        self.receipts, self.failures, self.lock = [], [], threading.Lock()
        self.goes, self.threads = threading.Event(), []

    def begin(self):
        self.goes.set()
        self.threads = [threading.Thread(target=self.work, args=(place,), daemon=True)
                        for place in range(self.count)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.goes.clear()
        for thread in self.threads:
            thread.join(60)
        self.seed += 1
        must(not self.failures, f"a client: {self.failures[:1]}")

    def until(self, condition, seconds=600):
        deadline = time.monotonic() + seconds
        while not condition():
            must(not self.failures, f"a client: {self.failures[:1]}")
            must(time.monotonic() < deadline, f"not reached in {seconds} s")
            time.sleep(0.005)

    @property
    def size(self):
        """Of the largest tree that a receipt has."""
        return max((int(receipt.note.split(b"\n")[1]) for receipt in self.receipts[-50:]), default=0)

    def work(self, place):
        chance = random.Random(f"{self.seed}/{place}")
        connection, number = None, 0
        try:
            while self.goes.is_set():
                board = GUARDED if chance.random() < 0.25 else OPEN
                team = self.teams[chance.randrange(place % 4, len(self.teams), 4)]
                file, number = self.gold[board].predictions(chance), number + 1
                key = f"{self.seed}-{place}-{number}"
                while True:
                    try:
                        if connection is None:
                            connection = self.connect()
                        receipt = send(connection, team, board, file, key)
                        break
                    except (OSError, http.client.HTTPException):
                        # Killed: whether it was accepted is known only by asking again.
                        connection = None
                        if not self.goes.is_set():
                            return
                        time.sleep(0.02)
                with self.lock:
                    self.receipts.append(receipt)
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(repr(error))

    def connect(self):
        if self.server.port is None:
            raise ConnectionError("no server")
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)


def send(connection, team, board, file, key):
    benchmark, split = board.split("/")
    query = urllib.parse.urlencode({
        "benchmark": benchmark, "split": split, "system": f"Gloxinia of {team.name}",
        "description": "Brambleberry prompts."})
    connection.request("POST", f"/api/v1/submissions?{query}", file, {
        "Authorization": f"Bearer {team.token}", "Idempotency-Key": key,
        "Content-Type": "text/tab-separated-values"})
    answer = connection.getresponse()
    body = answer.read()
    must(answer.status in (200, 201), f"a submission was answered with {answer.status}: {body[:300]!r}")
    document = json.loads(body)
    must("ledger" in document, f"an answer without a receipt: {sorted(document)}")
    ledger = document["ledger"]
    return Receipt(document["id"], board, ledger["leaf"].encode(), ledger["index"],
                   ledger["checkpoint"].encode(), document["digest"], file)
