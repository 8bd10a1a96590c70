"""Checks a leaderboard's ledger from outside. Run by scripts/test-ledger.

It knows the C2SP specifications and docs/reference/formats.md, and shares no code with the program: it starts the server, submits
with several clients at once, verifies the log from its tiles, kills the server under load again and again, and tampers with
copies of the data home.
"""

import argparse
import pathlib
import random
import shutil
import sys
import tempfile
import time

import leaderboard
import log_reader
import mirror
import tampering
import tlog
from leaderboard_server import GUARDED, OPEN, Clients, Home, Server
from tlog import must


class Check:
    def __init__(self, program, place, seed):
        self.chance = random.Random(seed)
        self.home = Home(program, place / "data")
        self.teams = self.home.prepare()
        self.keys = [signer.key for signer in self.home.signers]
        self.memory = log_reader.Memory(self.keys)
        self.server = Server(self.home)
        self.clients = Clients(self.server, self.teams, seed)
        self.proofs, self.boards = {}, {}

    def remember(self):
        """What was signed for receipts, and what a killed server left beside its database."""
        for receipt in list(self.clients.receipts):
            self.memory.add(receipt.note)
        head = self.home.path / "ledger/head"
        if head.exists():
            self.memory.add(head.read_bytes().partition(b"\n\n")[2])
        exported = self.home.path / "ledger/checkpoint"
        if exported.exists():
            self.memory.add(exported.read_bytes())

    def verify(self):
        """The log as it is served now, all receipts and all boards against it."""
        receipts = list(self.clients.receipts)
        self.remember()
        log = log_reader.Log(log_reader.Web(self.server.port), self.keys)
        self.memory.add(log.checkpoint.note)
        self.memory.check(log)
        for receipt in receipts:
            self.check_receipt(receipt, log)
        self.check_proofs(log, receipts)
        events = [leaderboard.read_leaf(entry) for entry in log.entries]
        self.check_boards(events)
        return log, events

    def check_receipt(self, receipt, log):
        must(receipt.index < log.size, f"{receipt.id} was acknowledged as leaf {receipt.index}, "
                                       f"and the log ends at {log.size}")
        must(log.entries[receipt.index] == receipt.leaf,
             f"leaf {receipt.index} is not the acknowledged acceptance of {receipt.id}")
        size = int(receipt.note.split(b"\n")[1])
        must(size > receipt.index, f"the checkpoint of {receipt.id} does not cover its leaf")
        leaf = leaderboard.read_leaf(receipt.leaf)
        must((leaf["event"], leaf["id"], leaf["board"]) == ("accepted", receipt.id, receipt.board),
             f"the receipt of {receipt.id} is one of something else")

    def check_proofs(self, log, receipts):
        wanted = {0, log.size - 1, receipts[0].index} | {self.chance.randrange(log.size) for _ in range(10)}
        for index in sorted(wanted | {receipt.index for receipt in receipts[-5:]}):
            proof = log.check_proof(index)
            self.proofs[index] = proof.bytes
            head = tlog.Checkpoint(proof.note, self.keys)
            self.memory.add(proof.note)
            tlog.check_inclusion(log.leaves[index], index, head.size, proof.path, head.root)
            if head.size == log.size:
                path = tlog.inclusion_path(index, log.size, log.root_of)
                must(proof.path == path, f"proof/{index} differs from the path in the tiles")

    def check_boards(self, events):
        """A board that was made from a longer log than `events` is for the next time."""
        rows = {}
        for name in (OPEN, GUARDED):
            board = self.server.board(name)
            if board and board["ledger"]["size"] <= len(events):
                rows[name] = leaderboard.check_board(board, events)
        return rows

    def check_boards_at_rest(self):
        """Each board shows what the whole log says, some time after the last event."""
        deadline = time.monotonic() + 180
        while True:
            events = self.verify()[1]
            rows = self.check_boards(events)
            full = leaderboard.Replay(events)
            boards = {name: self.server.board(name) for name in (OPEN, GUARDED)}
            if all(board and {row["id"] for row in board["rows"]} == full.shown.get(name, set())
                   for name, board in boards.items()):
                if len(rows) == 2:
                    must(all(rows.values()), f"a board has no rows: {rows}")
                    self.boards = boards
                    return rows
            must(time.monotonic() < deadline, "a board does not follow its log: " + "; ".join(
                f"{name} of {board['ledger']['size']} leaves shows {sorted(row['id'] for row in board['rows'])}, "
                f"and {sorted(full.shown.get(name, set()))} stand after {len(events)}"
                for name, board in boards.items() if board))
            time.sleep(0.5)

    def search(self, log):
        secrets = leaderboard.Secrets()
        for split in ("test", "dev", "train"):
            secrets.read_split(self.home.path / f"sample24/{split}.csv")
        for team in self.teams:
            secrets.add_word("a team's name", team.name)
            secrets.add_word("a token", team.token)
            secrets.add_word("a token's secret", team.token.split("_")[-1])
        for word in ("gloxinia", "brambleberry"):
            secrets.add_word("what a team wrote", word)
        for receipt in self.clients.receipts:
            secrets.add_predictions(receipt.id, receipt.file, receipt.board, receipt.digest)
        return secrets.check(log.entries, {GUARDED})

    def grow(self, events):
        self.server.start()
        start = time.monotonic()
        self.clients.begin()
        self.clients.until(lambda: self.clients.size >= events)
        count, seconds = len(self.clients.receipts), time.monotonic() - start
        self.clients.end()
        say(f"{count} submissions by {self.clients.count} clients: {count / seconds:.0f} a second")

    def kill(self, times, older):
        """Under load; the clients go on while the log is verified. The first one leaves a copy."""
        self.clients.begin()
        for time_ in range(times):
            count = len(self.clients.receipts)
            few = self.chance.randrange(1, 25)
            self.clients.until(lambda count=count, few=few: len(self.clients.receipts) >= count + few)
            time.sleep(self.chance.random() * 0.1)
            self.server.kill()
            self.remember()
            must(self.home.acknowledged >= len(self.clients.receipts), "more is acknowledged than was made known")
            if time_ == 0:
                shutil.copytree(self.home.path, older)
            self.server.start()
            self.verify()
        self.clients.end()

    def administer(self):
        """What an organiser does, while the server runs."""
        log, events = self.verify()
        for board in (OPEN, GUARDED):
            standing = sorted(leaderboard.Replay(events).shown[board])[0]
            self.home.run(
                "submission", "withdraw", standing, "--why", "A mistake.", "--over-budget", "A test.")
            self.home.run("submission", "restore", standing, "--why", "None after all.")
        chosen = next(receipt for receipt in self.clients.receipts if receipt.board == GUARDED)
        self.home.run("submission", "choose", chosen.id)
        self.home.run("phase", "close", "-b", "sample24", "-s", "dev")
        if self.home.has("ledger", "key"):
            self.home.run("ledger", "key", "--rotate")
            self.keys[:] = [signer.key for signer in self.home.signers]
            self.memory.keys[:] = self.keys
            must(len(self.keys) == 2, "a rotation left one key")
        _, after = self.verify()
        kinds = [event["event"] for event in after[len(events):]]
        for kind in ("withdrawn", "restored", "chosen", "closed"):
            must(kind in kinds, f"no leaf '{kind}' after it happened")
        for event in after:
            if event["event"] == "key":
                _, signed = tlog.open_note(event["note"].encode(), self.keys)
                must(len(signed) == 2, "a change of keys that not both have signed")


def say(text):
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="300 events and 4 kills")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    events, kills = (300, 4) if options.quick else (2000, 20)
    place = pathlib.Path(tempfile.mkdtemp(prefix="invitro-ledger-"))
    check = Check(options.program.resolve(), place, options.seed)
    try:
        run(check, events, kills, place)
    finally:
        if check.server.process and check.server.process.poll() is None:
            check.server.process.kill()
            check.server.process.wait()
        shutil.rmtree(place, ignore_errors=True)


def run(check, events, kills, place):
    check.grow(events)
    log, _ = check.verify()
    widths = log_reader.check_partial_tiles(log, check.memory)
    absent = log_reader.check_absent(log)
    say(f"{log.size} leaves verified from tiles, {len(check.memory.by_size)} signed trees consistent, "
        f"{widths} partial tiles, {len(check.proofs)} proofs, {absent} paths that are not there")
    rows = check.check_boards_at_rest()
    say("boards are what the log says: " + ", ".join(f"{name} {rows[name]} rows" for name in rows))
    check.kill(kills, place / "older")
    say(f"killed {kills} times under load: none of {len(check.clients.receipts)} acknowledged "
        f"submissions is missing, {len(check.memory.by_size)} signed trees consistent")
    check.administer()
    check.check_boards_at_rest()
    log, _ = check.verify()
    widths = log_reader.check_partial_tiles(log, check.memory)
    say(f"{log.size} leaves at last, {widths} partial tiles; {check.search(log)} secrets are in none")
    published = mirror.Outside(check, log, place)
    check.server.stop()
    tampering.run(check, published, place, say)


if __name__ == "__main__":
    try:
        main()
    except tlog.Wrong as error:
        sys.exit(f"test-ledger: {error}")
