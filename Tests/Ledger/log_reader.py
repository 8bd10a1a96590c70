"""Reads a log from its tiles alone, over HTTP or from a folder, and refuses whatever a client must refuse."""

import http.client
import pathlib
import zlib

import tlog
from tlog import WIDTH, Wrong, must

TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"


class Web:
    """The files below an address of this machine."""

    def __init__(self, port, below="/ledger/"):
        self.port, self.below, self.connection = port, below, None

    def get(self, path):
        """Status, headers and body."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            self.connection.request("GET", self.below + path)
            answer = self.connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        if answer.headers.get("Content-Encoding") == "gzip":
            body = zlib.decompress(body, 31)
        return answer.status, answer.headers, body

    def read(self, path, type_=None):
        status, headers, body = self.get(path)
        must(status == 200, f"{path}: status {status}")
        if type_:
            found = headers.get("Content-Type")
            must(found == type_, f"{path} is sent as {found}, not as {type_}")
            caching = headers.get("Cache-Control", "")
            if type_ == BINARY:
                must("immutable" in caching and "max-age=" in caching,
                     f"{path} never changes, and Cache-Control is {caching!r}")
            elif "checkpoint" in path:
                must("no-cache" in caching or "no-store" in caching,
                     f"{path} changes, and Cache-Control is {caching!r}")
        return body


class Folder:
    def __init__(self, path):
        self.path = pathlib.Path(path)

    def read(self, path, type_=None):
        try:
            return (self.path / path).read_bytes()
        except OSError as error:
            raise Wrong(f"{path}: {error.strerror}") from error


class Log:
    """The tree of one signed checkpoint, every tile and every entry of which was read and compared."""

    def __init__(self, source, keys, note=None):
        self.source = source
        self.checkpoint = tlog.Checkpoint(note or source.read("checkpoint", TEXT), keys)
        self.size, self.root = self.checkpoint.size, self.checkpoint.root
        self.entries = self.read_entries()
        self.tiles = {level: self.read_level(level) for level in tlog.levels(self.size)}
        self.memory = {}
        self.compare()

    def fetch(self, kind, index, width):
        """A partial tile may be gone once the full one is there."""
        try:
            return self.source.read(tlog.tile_path(kind, index, width), BINARY)
        except Wrong:
            if width == WIDTH:
                raise
            return self.source.read(tlog.tile_path(kind, index), BINARY)

    def read_entries(self):
        entries = []
        for index, width in tlog.tiles(self.size, "entries"):
            found = tlog.bundle(self.fetch("entries", index, width))
            must(len(found) in (width, WIDTH), f"bundle {index} has {len(found)} entries, not {width}")
            entries += found[:width]
        return entries

    def read_level(self, level):
        hashes = []
        for index, width in tlog.tiles(self.size, level):
            data = self.fetch(level, index, width)
            must(len(data) in (32 * width, 32 * WIDTH),
                 f"tile {index} of level {level} has {len(data)} bytes, not {32 * width}")
            hashes += [data[place:place + 32] for place in range(0, 32 * width, 32)]
        return hashes

    def compare(self):
        """Entries against the tiles, the tiles against those below, all of it against the root."""
        self.leaves = [tlog.leaf_hash(entry) for entry in self.entries]
        below = self.leaves
        for level, hashes in self.tiles.items():
            if level > 0:
                full = len(below) // WIDTH
                below = [tlog.tree_root(below[WIDTH * index:WIDTH * (index + 1)]) for index in range(full)]
            must(len(hashes) == len(below), f"level {level} has {len(hashes)} hashes, not {len(below)}")
            for index, (found, expected) in enumerate(zip(hashes, below)):
                must(found == expected, f"hash {index} of level {level} is not that of its entries")
        self.roots = [tlog.tree_root([])]
        edge = tlog.Edge()
        for leaf in self.leaves:
            edge.append(leaf)
            self.roots.append(edge.root())
        must(edge.root() == self.root, f"the entries do not lead to the signed root of {self.size} leaves")

    def root_of(self, start, end):
        """The root over these leaves, out of the tiles: for proofs."""
        count = end - start
        if count & (count - 1):
            middle = start + tlog.split(count)
            return tlog.node(self.root_of(start, middle), self.root_of(middle, end))
        if (start, end) not in self.memory:
            level = (count.bit_length() - 1) // 8
            unit = 1 << 8 * level
            hashes = self.tiles[level][start // unit:end // unit]
            self.memory[start, end] = tlog.tree_root(hashes)
        return self.memory[start, end]

    def check_proof(self, index):
        """What `proof/INDEX` answers, whose checkpoint may be newer by now."""
        proof = tlog.Proof(self.source.read(f"proof/{index}", TEXT))
        must(proof.index == index, f"proof/{index} is one of leaf {proof.index}")
        must(proof.extra == self.entries[index], f"proof/{index} holds another leaf")
        return proof

    def check_goes_on_from(self, old):
        """By a proof made of tiles."""
        path = tlog.consistency_path(old.size, self.size, self.root_of)
        tlog.check_consistency(old.size, old.root, self.size, self.root, path)


class Memory:
    """All checkpoints that anybody has seen: at each size there is one root."""

    def __init__(self, keys):
        self.keys, self.by_size, self.notes = list(keys), {}, set()

    def add(self, note):
        checkpoint = tlog.Checkpoint(note, self.keys) if note not in self.notes else None
        if checkpoint is None:
            return
        self.notes.add(note)
        known = self.by_size.setdefault(checkpoint.size, checkpoint)
        must(known.root == checkpoint.root, f"two signed roots of {checkpoint.size} leaves")

    def check(self, log):
        """That `log` goes on from all of them, and each from the one before."""
        sizes = sorted(self.by_size)
        must(not sizes or sizes[-1] <= log.size,
             f"the log had {sizes[-1] if sizes else 0} leaves and has {log.size} now")
        for size in sizes:
            must(log.roots[size] == self.by_size[size].root, f"the first {size} leaves had another root")
            if size:
                log.check_goes_on_from(self.by_size[size])
        for size, following in zip(sizes, sizes[1:]):
            path = tlog.consistency_path(size, following, log.root_of) if size else []
            old, new = self.by_size[size], self.by_size[following]
            if size:
                tlog.check_consistency(size, old.root, following, new.root, path)
        return len(sizes)


def check_partial_tiles(log, memory):
    """Every width of the last tiles that was ever signed; those of full tiles are right where they are
    kept."""
    count = 0
    for size in sorted(set(memory.by_size) | {log.size}):
        if size == 0 or size > log.size:
            continue
        for kind in ["entries", *tlog.levels(size)]:
            last, width = tlog.tiles(size, kind)[-1] if tlog.tiles(size, kind) else (0, WIDTH)
            if width == WIDTH:
                continue
            full = (log.size if kind == "entries" else log.size >> 8 * kind) // WIDTH
            path = tlog.tile_path(kind, last, width)
            status, _, body = log.source.get(path)
            must(status == 200 or (status == 404 and last < full), f"{path}: status {status}")
            if status == 404:
                continue
            count += 1
            if kind == "entries":
                expected = log.entries[last * WIDTH:last * WIDTH + width]
                must(tlog.bundle(body) == expected, f"{path} holds other entries")
            else:
                expected = log.tiles[kind][last * WIDTH:last * WIDTH + width]
                must(body == b"".join(expected), f"{path} holds other hashes")
    return count


def absent(size):
    """Paths of which a log of `size` leaves has none, if it does not grow meanwhile."""
    full, width = divmod(size, WIDTH)
    paths = [
        tlog.tile_path(0, full + 1), tlog.tile_path("entries", full + 1),
        tlog.tile_path(0, full), tlog.tile_path("entries", full),
        tlog.tile_path(1, full // WIDTH + 1, 1), tlog.tile_path(2, 0, 1), tlog.tile_path(63, 0, 1),
        f"proof/{size}", f"proof/{size + 1000000}", "proof/-1", "proof/01", "proof/+1", "proof/",
        "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/0/x000/000",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p",
        "tile/-1/000", "tile/0/+00", "tile/data/000", "tile/entries/000.q/1", "tile/", "tile/0",
        "head", "ledger.key", "../ledger.key", "tile/../../ledger.key",
        "tile/0/%2e%2e/000", "nothing",
    ]
    if width < WIDTH - 1:
        paths += [tlog.tile_path(0, full, width + 1), tlog.tile_path("entries", full, width + 1)]
    return paths


def check_absent(log):
    for path in absent(log.size):
        status, headers, body = log.source.get(path)
        must(400 <= status < 500, f"{path} is not there, and is answered with {status}")
        caching = headers.get("Cache-Control", "")
        must("immutable" not in caching and "max-age=6" not in caching,
             f"{path} is not there yet, and its 404 may be kept: {caching!r}")
        must(b"PRIVATE+KEY" not in body, f"{path} shows a private key")
    return len(absent(log.size))
