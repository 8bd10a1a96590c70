"""Tampering with copies of the data home: the server's start must find and name each, and end with 1."""

import contextlib
import json
import re
import shutil
import sqlite3
import subprocess

import log_reader
import mirror
import tlog
from leaderboard_server import OPEN, Clients, Home, Server
from tlog import WIDTH, must


class Database:
    """A copy's database without the triggers that guard it."""

    def __init__(self, home):
        self.path = home.path / "server.sqlite"

    @contextlib.contextmanager
    def open(self):
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = OFF")
        for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.close()

    def accepted(self):
        connection = sqlite3.connect(self.path)
        count, = connection.execute("SELECT count(*) FROM ledger WHERE event = 'accepted'").fetchone()
        connection.close()
        return count


def standing(database, board=OPEN):
    """Key, id and report of an entry on the board."""
    benchmark, split = board.split("/")
    return database.execute(
        "SELECT s.id, s.public_id, s.report FROM board b JOIN submission s ON s.id = b.submission "
        "WHERE b.benchmark = ? AND b.split = ? ORDER BY s.id LIMIT 1", (benchmark, split)).fetchone()


def change_figure(report):
    report = json.loads(report)
    report["targets"]["empathy"]["pcc"]["value"] = 0.9876
    return compact(report)


def compact(document):
    """As the database keeps it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def change_score(database):
    key, id_, report = standing(database)
    database.execute("UPDATE submission SET report = ? WHERE id = ?", (change_figure(report), key))
    return id_


def change_sealed_score(database):
    """Of one that is not on its board, whose outcome is sealed in the log."""
    key, id_, report = database.execute(
        "SELECT id, public_id, report FROM submission WHERE benchmark = 'sample24' AND split = 'test' "
        "AND best IS NULL AND report IS NOT NULL ORDER BY id LIMIT 1").fetchone()
    database.execute("UPDATE submission SET report = ? WHERE id = ?", (change_figure(report), key))
    return id_


def take_off_board(database):
    key, id_, _ = standing(database)
    database.execute("DELETE FROM board WHERE submission = ?", (key,))
    return id_


def remove_submission(database):
    key, id_, _ = standing(database)
    for table in ("board", "choice", "closing", "prediction", "event", "idempotency", "unexamined", "sign"):
        database.execute(f"DELETE FROM {table} WHERE submission = ?", (key,))
    database.execute("DELETE FROM submission WHERE id = ?", (key,))
    return id_


def leaf(database):
    """Index and bytes of a report's leaf in the middle."""
    return database.execute(
        "SELECT idx, leaf FROM ledger WHERE event = 'scored' AND instr(leaf, CAST('\"report\"' AS BLOB)) > 0 "
        "ORDER BY idx LIMIT 1 OFFSET 3").fetchone()


def forged(entry):
    changed = re.sub(rb'("pcc":\{[^}]*"value":)[-0-9.]+', rb"\g<1>0.9876", entry, count=1)
    must(changed != entry, "a leaf without a figure to change")
    return changed


def change_leaf(database):
    index, entry = leaf(database)
    database.execute("UPDATE ledger SET leaf = ? WHERE idx = ?", (forged(entry), index))
    return rf"event {index} "


def change_leaf_and_hash(database):
    index, entry = leaf(database)
    entry = forged(entry)
    database.execute("UPDATE ledger SET leaf = ?, hash = ? WHERE idx = ?",
                     (entry, tlog.leaf_hash(entry), index))
    return "do not lead to its signed checkpoint"


def remove_leaf(database):
    index, _ = leaf(database)
    database.execute("DELETE FROM ledger WHERE idx = ?", (index,))
    return rf"event {index} "


def remove_last_leaf(database):
    database.execute("DELETE FROM ledger WHERE idx = (SELECT max(idx) FROM ledger)")
    return "events"


def change_hash(database):
    """Of a full tile: what level 1 serves, and what the next checkpoint would rest on."""
    database.execute("UPDATE ledger_hash SET hash = zeroblob(32) WHERE level = 8 AND idx = 0")
    return r"hash|root"


def sign_forgery(database, home):
    """With the real key, after a leaf was changed: everything in the database agrees with itself."""
    index, entry = leaf(database)
    entry = forged(entry)
    database.execute("UPDATE ledger SET leaf = ?, hash = ? WHERE idx = ?",
                     (entry, tlog.leaf_hash(entry), index))
    leaves = [hash_ for hash_, in database.execute("SELECT hash FROM ledger ORDER BY idx")]
    for place in range(len(leaves) // WIDTH):
        root = tlog.tree_root(leaves[WIDTH * place:WIDTH * (place + 1)])
        database.execute("UPDATE ledger_hash SET hash = ? WHERE level = 8 AND idx = ?", (root, place))
    root = tlog.tree_root(leaves)
    note = home.signers[0].checkpoint(len(leaves), root)
    for signer in home.signers[1:]:
        note += signer.checkpoint(len(leaves), root).partition(b"\n\n")[2]
    database.execute("UPDATE ledger_checkpoint SET root = ?, note = ?", (root, note))
    report = re.search(rb'"report":(\{.*\}),"schema":1', entry)[1].decode()
    database.execute("UPDATE submission SET report = ? WHERE public_id = ?",
                     (report, json.loads(entry)["id"]))
    return "forked"


class Tampering:
    def __init__(self, check, place, say):
        self.check, self.place, self.say = check, place, say
        self.found, self.missed = 0, []

    def copy(self, path, name):
        home = Home(self.check.home.program, self.place / name)
        shutil.rmtree(home.path, ignore_errors=True)
        shutil.copytree(path, home.path)
        return home

    def start(self, what, home, words):
        """The server must end with 1 and say `words`, a regular expression."""
        try:
            done = subprocess.run(
                [home.program, "serve", "--port", "0", "--api-only", "--data", str(home.path)],
                cwd=self.place, text=True, capture_output=True, timeout=60, check=False)
            code, text = done.returncode, done.stderr
        except subprocess.TimeoutExpired as late:
            code, text = "nothing, it serves", (late.stderr or b"").decode()
        self.judge(what, "the server's start", code, text, words)
        shutil.rmtree(home.path)

    def judge(self, what, who, code, text, words):
        if code == 1 and re.search(words, text):
            self.found += 1
            return
        self.missed.append(f"{what}: {who} ended with {code} and did not say /{words}/:\n{text.strip()}")

    def in_database(self):
        cases = {
            "a changed score": change_score,
            "a changed score that is sealed": change_sealed_score,
            "an entry that was taken off its board": take_off_board,
            "a removed entry": remove_submission,
            "a changed leaf": change_leaf,
            "a changed leaf with its hash": change_leaf_and_hash,
            "a removed leaf": remove_leaf,
            "a removed last leaf": remove_last_leaf,
            "a changed hash of a tile": change_hash,
        }
        for what, change in cases.items():
            home = self.copy(self.check.home.path, "tampered")
            with Database(home).open() as database:
                words = change(database)
            self.start(what, home, words)
        home = self.copy(self.check.home.path, "tampered")
        with Database(home).open() as database:
            words = sign_forgery(database, home)
        self.start("a changed leaf, signed anew", home, words)

    def lost(self, older):
        """Older states under what the data home has seen since."""
        expected = Database(self.check.home).accepted() - Database(self.copy(older, "count")).accepted()
        must(expected > 0, "the older copy lacks nothing")
        home = self.copy(self.check.home.path, "tampered")
        for name in ("server.sqlite", "server.sqlite-wal", "server.sqlite-shm"):
            (home.path / name).unlink(missing_ok=True)
            if (older / name).exists():
                shutil.copy2(older / name, home.path / name)
        self.refuse_to_write(self.copy(home.path, "written"))
        self.start("an older database", home, rf"(?m)^- {expected} acknowledged submissions? (are|is) missing")

    def refuse_to_write(self, home):
        """A command on a database that lost something must not sign another history."""
        database = sqlite3.connect(home.path / "server.sqlite")
        id_, = database.execute("SELECT public_id FROM submission WHERE withdrawn = 0 LIMIT 1").fetchone()
        database.close()
        done = subprocess.run(
            [home.program, "submission", "withdraw", id_, "--why", "A test.", "--over-budget", "A test.",
             "--data", str(home.path)],
            text=True, capture_output=True, timeout=60, check=False)
        self.judge("an older database", "a command that writes to it", done.returncode, done.stderr, "signed|missing")

    def torn_journal(self, killed):
        """The write-ahead log of a killed server, cut until a submission is gone."""
        # The last commit of a killed server may be one that it had not answered yet.
        whole = self.copy(killed, "count").acknowledged
        size = (killed / "server.sqlite-wal").stat().st_size
        for share in (0.9, 0.5, 0.2, 0):
            counted, home = self.copy(killed, "count"), self.copy(killed, "tampered")
            for copy in (counted, home):
                (copy.path / "server.sqlite-shm").unlink(missing_ok=True)
                with open(copy.path / "server.sqlite-wal", "r+b") as journal:
                    journal.truncate(int(size * share))
            missing = whole - Database(counted).accepted()
            if missing > 0:
                break
        must(missing > 0, "a journal cut to nothing loses nothing")
        self.start("a torn journal", home, rf"(?m)^- {missing} acknowledged submissions? (are|is) missing")

    def fork(self, older):
        """An older copy that lost its evidence and went on until it is longer. Its log is kept in `fork`."""
        home = self.copy(older, "forked")
        shutil.rmtree(home.path / "ledger")
        server = Server(home)
        server.start()
        clients = Clients(server, self.check.teams, self.check.clients.seed + 1000)
        clients.begin()
        size = max(self.check.memory.by_size)
        clients.until(lambda: clients.size > size)
        clients.end()
        keys = [signer.key for signer in home.signers]
        log = log_reader.Log(log_reader.Web(server.port), keys)
        mirror.write(log, self.check.keys, self.place / "fork/ledger")
        server.stop()
        forked = self.copy(self.check.home.path, "tampered")
        for name in ("server.sqlite", "server.sqlite-wal", "server.sqlite-shm", "ledger.key"):
            (forked.path / name).unlink(missing_ok=True)
            if (home.path / name).exists():
                shutil.copy2(home.path / name, forked.path / name)
        self.start("a forked log", forked, "forked")

    def keys(self):
        for what, name in {"a swapped key": self.check.keys[0].name, "a key of another log": "other"}.items():
            home = self.copy(self.check.home.path, "tampered")
            (home.path / "ledger.key").write_text(tlog.Signer(name, bytes(range(32))).line)
            self.start(what, home, r"ledger\.key")
        home = self.copy(self.check.home.path, "tampered")
        (home.path / "ledger.key").unlink()
        self.start("a lost key", home, r"ledger\.key")


def run(check, published, place, say):
    """The server is stopped for it. `published`: the mirror of what it served."""
    tampering = Tampering(check, place, say)
    untouched = Server(tampering.copy(check.home.path, "untouched"))
    untouched.start()
    untouched.stop()
    tampering.in_database()
    tampering.lost(place / "older")
    tampering.torn_journal(place / "older")
    tampering.keys()
    tampering.fork(place / "older")
    published.run(tampering)
    say(f"tampering: {tampering.found} times found and named")
    for text in tampering.missed:
        say(f"MISSED {text}")
    must(not tampering.missed, f"{len(tampering.missed)} times tampering was not found or not named")
