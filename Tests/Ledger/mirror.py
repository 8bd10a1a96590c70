"""Tampering with what is published, files as a static host has them: this checker must find each as a reader, and so must
`invitro ledger verify`."""

import functools
import http.server
import json
import shutil
import subprocess
import threading

import leaderboard
import log_reader
import tlog
from leaderboard_server import GUARDED, OPEN
from tlog import WIDTH, Wrong, must


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_tiles(folder, entries, hashes_of):
    """hashes_of: the hashes of a level, all of them."""
    for index, width in tlog.tiles(len(entries), "entries"):
        put(folder / tlog.tile_path("entries", index, width),
            tlog.write_bundle(entries[WIDTH * index:WIDTH * index + width]))
    for level in tlog.levels(len(entries)):
        hashes = hashes_of(level)
        for index, width in tlog.tiles(len(entries), level):
            put(folder / tlog.tile_path(level, index, width),
                b"".join(hashes[WIDTH * index:WIDTH * index + width]))


def write(log, keys, folder):
    """The tree of `log` as files."""
    put(folder / "checkpoint", log.checkpoint.note)
    put(folder / "key", "".join(f"{key.vkey}\n" for key in keys).encode())
    put(folder / "rotations.json", log.source.read("rotations.json"))
    write_tiles(folder, log.entries, lambda level: log.tiles[level])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Outside:
    """Readers of a mirror of the site's log and boards."""

    def __init__(self, check, log, place):
        self.check, self.log, self.place, self.tampering = check, log, place, None
        self.site = place / "site"
        write(log, check.keys, self.site / "ledger")
        for name, board in check.boards.items():
            put(self.site / name / "leaderboard.json", json.dumps(board).encode())
        self.key, self.newest = place / "log.key", place / "newest.checkpoint"
        put(self.key, f"{check.keys[-1].vkey}\n".encode())
        put(self.newest, log.checkpoint.note)
        self.has_command = check.home.has("ledger", "verify")

    def read(self, folder):
        """What this checker demands of a log and the boards beside it."""
        log = log_reader.Log(log_reader.Folder(folder / "ledger"), self.check.keys)
        self.check.memory.check(log)
        events = [leaderboard.read_leaf(entry) for entry in log.entries]
        for name in (OPEN, GUARDED):
            board = json.loads((folder / name / "leaderboard.json").read_bytes())
            leaderboard.check_board(board, events)

    def verify(self, place, *options, key=None):
        arguments = [self.check.home.program, "ledger", "verify", str(place), "--key", str(key or self.key)]
        done = subprocess.run([*arguments, *options], text=True, capture_output=True, timeout=120, check=False)
        return done.returncode, done.stdout + done.stderr

    def intact(self):
        """Neither reader may find anything in the log as it is, from a folder and over HTTP."""
        self.read(self.site)
        if not self.has_command:
            return
        receipt = self.place / "some.receipt"
        index = self.check.clients.receipts[0].index
        put(receipt, self.check.proofs[index])
        options = ["--since", str(self.place / "older.checkpoint"), "--receipt", str(receipt)]
        sizes = sorted(self.check.memory.by_size)
        put(self.place / "older.checkpoint", self.check.memory.by_size[sizes[len(sizes) // 2]].note)
        handler = functools.partial(Quiet, directory=self.site)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for place in (self.site, f"http://127.0.0.1:{server.server_port}"):
            code, text = self.verify(place, *options)
            must(code == 0, f"ledger verify of the log as it is ended with {code}: {text}")
        server.shutdown()

    def tampered(self, what, kind, change, *options, key=None):
        """kind: the word by which `ledger verify` names it, a regular expression."""
        folder = self.place / "mirror"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.site, folder)
        change(folder)
        try:
            if key:
                tlog.Checkpoint((folder / "ledger/checkpoint").read_bytes(), [key])
            self.read(folder)
            self.tampering.missed.append(f"{what}: this checker did not see it from outside")
        except Wrong:
            self.tampering.found += 1
        if self.has_command:
            if key:
                put(self.place / "other.key", f"{key.vkey}\n".encode())
            code, text = self.verify(folder, *options, key=self.place / "other.key" if key else None)
            self.tampering.judge(what, "ledger verify", code, text, rf"WRONG \(({kind})\)")

    def run(self, tampering):
        """tampering: counts what is found."""
        self.tampering = tampering
        self.intact()
        if not self.has_command:
            self.tampering.say("`invitro ledger verify` is not in this build: not tried")
        since = ["--since", str(self.newest)]
        self.tampered("a changed score on the board", "differentFigure", self.change_figure)
        self.tampered("a removed row of the board", "missingOnBoard", self.remove_row)
        self.tampered("an invented row of the board", "notInLog", self.invent_row)
        self.tampered("a changed leaf", "changedEntry|damagedTile", self.change_leaf)
        self.tampered("a removed leaf", "changedEntry|damagedTile", self.remove_leaf)
        self.tampered("a changed hash", "changedEntry|damagedTile", self.change_hash)
        self.tampered("a removed tile", "missingFile", self.remove_tile)
        self.tampered("a changed checkpoint", "signature", self.change_checkpoint)
        self.tampered("an older log", "truncated", self.go_back, *since)
        self.tampered("a changed leaf, signed anew", "forked", self.sign_forgery, *since)
        self.tampered("a forked log", "forked", self.take_fork, *since)
        other = tlog.Signer(self.check.keys[0].name, bytes(range(32))).key
        self.tampered("another key", "signature", lambda folder: None, key=other)

    @staticmethod
    def edit_board(folder, change):
        path = folder / OPEN / "leaderboard.json"
        board = json.loads(path.read_bytes())
        change(board["rows"])
        put(path, json.dumps(board).encode())

    def change_figure(self, folder):
        def change(rows):
            rows[-1]["targets"]["empathy"]["pcc"]["value"] = 0.9876
        self.edit_board(folder, change)

    def remove_row(self, folder):
        self.edit_board(folder, lambda rows: rows.pop())

    def invent_row(self, folder):
        self.edit_board(folder, lambda rows: rows.append({**rows[-1], "id": "3pinvented", "slug": "invented"}))

    @property
    def last_bundle(self):
        return tlog.tile_path("entries", *tlog.tiles(self.log.size, "entries")[-1])

    def edit_bundle(self, folder, path, change):
        entries = tlog.bundle((folder / "ledger" / path).read_bytes())
        change(entries)
        put(folder / "ledger" / path, tlog.write_bundle(entries))

    def change_leaf(self, folder):
        def change(entries):
            entries[3] = entries[3].replace(b'"at":"20', b'"at":"21')
        self.edit_bundle(folder, tlog.tile_path("entries", 0), change)

    def remove_leaf(self, folder):
        self.edit_bundle(folder, self.last_bundle, lambda entries: entries.pop(0))

    def change_hash(self, folder):
        path = folder / "ledger" / tlog.tile_path(0, 0)
        data = path.read_bytes()
        put(path, data[:40] + bytes([data[40] ^ 1]) + data[41:])

    def remove_tile(self, folder):
        (folder / "ledger" / tlog.tile_path(0, 0)).unlink()

    def change_checkpoint(self, folder):
        path = folder / "ledger/checkpoint"
        put(path, path.read_bytes().replace(f"\n{self.log.size}\n".encode(), f"\n{self.log.size + 1}\n".encode()))

    def go_back(self, folder):
        """To a checkpoint that was signed some time before."""
        sizes = [size for size in self.check.memory.by_size if size < self.log.size]
        old = self.check.memory.by_size[max(sizes)]
        put(folder / "ledger/checkpoint", old.note)
        write_tiles(folder / "ledger", self.log.entries[:old.size], lambda level: self.level(old.size, level))

    def level(self, size, level):
        return self.log.tiles[level][:size >> 8 * level]

    def sign_forgery(self, folder):
        """What an organiser could do, who has the key."""
        entries = list(self.log.entries)
        entries[3] = entries[3].replace(b'"at":"20', b'"at":"21')
        levels = [[tlog.leaf_hash(entry) for entry in entries]]
        while len(levels[-1]) >= WIDTH:
            full = len(levels[-1]) // WIDTH
            levels.append([tlog.tree_root(levels[-1][WIDTH * place:WIDTH * (place + 1)]) for place in range(full)])
        write_tiles(folder / "ledger", entries, lambda level: levels[level])
        signers = self.check.home.signers
        note = signers[0].checkpoint(len(entries), tlog.tree_root(levels[0]))
        for signer in signers[1:]:
            note += signer.checkpoint(len(entries), tlog.tree_root(levels[0])).partition(b"\n\n")[2]
        put(folder / "ledger/checkpoint", note)

    def take_fork(self, folder):
        shutil.rmtree(folder / "ledger")
        shutil.copytree(self.place / "fork/ledger", folder / "ledger")
