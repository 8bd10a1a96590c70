"""Merkle logs, tiles, signed notes and proofs, after RFC 6962, RFC 9162 and C2SP's texts (signed-note, tlog-checkpoint,
tlog-tiles, tlog-proof). Shares nothing with the program that it checks."""

import base64
import hashlib
import re
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

WIDTH = 256
ED25519 = b"\x01"
NUMBER = re.compile(r"0|[1-9][0-9]*")


class Wrong(Exception):
    """Something that a client must refuse."""


def must(condition, text):
    if not condition:
        raise Wrong(text)


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Edge:
    """The roots of the full subtrees of a growing tree, the largest first."""

    def __init__(self):
        self.size, self.parts = 0, []

    def append(self, hash_):
        self.parts.append(hash_)
        self.size += 1
        size = self.size
        while size % 2 == 0:
            right = self.parts.pop()
            self.parts[-1] = node(self.parts[-1], right)
            size //= 2

    def root(self):
        if not self.parts:
            return hashlib.sha256(b"").digest()
        hash_ = self.parts[-1]
        for part in reversed(self.parts[:-1]):
            hash_ = node(part, hash_)
        return hash_


def tree_root(hashes):
    edge = Edge()
    for hash_ in hashes:
        edge.append(hash_)
    return edge.root()


def split(size):
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_path(index, size, root_of):
    """`root_of(start, end)` is the root over these leaves."""
    def path(index, start, end):
        if end - start == 1:
            return []
        middle = start + split(end - start)
        if index < middle:
            return path(index, start, middle) + [root_of(middle, end)]
        return path(index, middle, end) + [root_of(start, middle)]
    return path(index, 0, size)


def consistency_path(old, size, root_of):
    def path(old, start, end, is_whole):
        if old == end:
            return [] if is_whole else [root_of(start, end)]
        middle = start + split(end - start)
        if old <= middle:
            return path(old, start, middle, is_whole) + [root_of(middle, end)]
        return path(old, middle, end, False) + [root_of(start, middle)]
    return path(old, 0, size, True) if 0 < old < size else []


def check_inclusion(hash_, index, size, path, root):
    must(index < size, f"index {index} is not below {size}")
    first, last = index, size - 1
    for part in path:
        must(last > 0, "an inclusion proof is too long")
        if first & 1 or first == last:
            hash_ = node(part, hash_)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            hash_ = node(hash_, part)
        first, last = first >> 1, last >> 1
    must(last == 0 and hash_ == root, f"leaf {index} does not lead to the root of {size} leaves")


def check_consistency(old, old_root, size, root, path):
    must(0 < old <= size, f"a tree of {size} leaves is no continuation of one of {old}")
    if old == size:
        must(not path and old_root == root, f"two roots of {size} leaves")
        return
    must(path, "an empty consistency proof")
    path = ([old_root] if old & (old - 1) == 0 else []) + path
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    left = right = path[0]
    for part in path[1:]:
        must(last > 0, "a consistency proof is too long")
        if first & 1 or first == last:
            left, right = node(part, left), node(part, right)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            right = node(right, part)
        first, last = first >> 1, last >> 1
    must(last == 0 and left == old_root and right == root,
         f"the tree of {size} leaves does not go on from the one of {old}")


def decode(text):
    """Base64 of one spelling: padded, no unused bits."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Wrong(f"no base64: {text!r}") from error
    must(base64.b64encode(data).decode() == text, f"another spelling of base64: {text!r}")
    return data


def decode_hash(text):
    hash_ = decode(text)
    must(len(hash_) == 32, f"no hash: {text!r}")
    return hash_


def number(text):
    must(NUMBER.fullmatch(text), f"no number: {text!r}")
    return int(text)


class Key:
    """What signs a log: a vkey's name, id and public key."""

    def __init__(self, name, public):
        self.name, self.public = name, public
        data = f"{name}\n".encode() + ED25519 + public
        self.id = hashlib.sha256(data).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(ED25519 + public).decode()}"
        self.verifier = ed25519.Ed25519PublicKey.from_public_bytes(public)

    @classmethod
    def read(cls, vkey):
        parts = vkey.split("+", 2)
        must(len(parts) == 3 and parts[0] and not re.search(r"\s", parts[0]), f"no vkey: {vkey!r}")
        data = decode(parts[2])
        must(len(data) == 33 and data[:1] == ED25519, f"no Ed25519 key: {vkey!r}")
        key = cls(parts[0], data[1:])
        must(key.vkey == vkey, f"the id of {vkey!r} should be {key.id.hex()}")
        return key


class Signer:
    """A private key in golang.org/x/mod's form."""

    def __init__(self, name, seed):
        self.name, self.seed = name, seed
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key = Key(name, public)

    @classmethod
    def read(cls, line):
        prefix, middle, name, id_, secret = line.split("+", 4)
        data = decode(secret)
        must((prefix, middle) == ("PRIVATE", "KEY") and data[:1] == ED25519, "no private key")
        signer = cls(name, data[1:])
        must(signer.key.id.hex() == id_, f"the private key's id {id_} is wrong")
        return signer

    @property
    def line(self):
        secret = base64.b64encode(ED25519 + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.key.id.hex()}+{secret}\n"

    def checkpoint(self, size, root):
        text = f"{self.name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        signature = base64.b64encode(self.key.id + self.private.sign(text)).decode()
        return text + f"\n\u2014 {self.name} {signature}\n".encode()


def open_note(note, keys):
    """The text of a note that one of `keys` has signed, and none of them wrongly.
    Returns the text and the keys that signed."""
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise Wrong("a note that is no UTF-8") from error
    must(not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", whole), "a note with control characters")
    text, blank, rest = whole.rpartition("\n\n")
    must(blank and rest.endswith("\n"), "no signed note")
    text += "\n"
    signed = []
    for line in rest[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^\\s+]+) (\\S+)", line)
        must(match, f"no signature line: {line!r}")
        data = decode(match[2])
        must(len(data) > 4, f"no signature: {line!r}")
        for key in keys:
            if (key.name, key.id) == (match[1], data[:4]):
                try:
                    key.verifier.verify(data[4:], text.encode())
                except InvalidSignature as error:
                    raise Wrong(f"a wrong signature of {key.vkey}") from error
                signed.append(key)
    must(signed, "a note that no known key has signed")
    return text, signed


class Checkpoint:
    def __init__(self, note, keys, exactly=False):
        """exactly: whether all of `keys` must have signed."""
        self.note = note
        text, signed = open_note(note, keys)
        must(not exactly or len(signed) == len(keys), "a key that should sign does not")
        lines = text.split("\n")
        must(len(lines) == 4 and lines[3] == "", f"a checkpoint of {len(lines) - 1} lines")
        self.origin, self.size, self.root = lines[0], number(lines[1]), decode_hash(lines[2])
        must(self.origin == keys[0].name, f"the origin is {self.origin!r}, not {keys[0].name!r}")


class Proof:
    """A C2SP tlog-proof: index, path, checkpoint, and what the server says of the leaf."""

    def __init__(self, data):
        self.bytes = data
        head, blank, self.note = data.partition(b"\n\n")
        must(blank, "no receipt")
        lines = head.decode("ascii").split("\n")
        must(lines.pop(0) == "c2sp.org/tlog-proof@v1", "no receipt of version 1")
        self.extra = None
        if lines[0].startswith("extra "):
            self.extra = decode(lines.pop(0)[6:])
        must(lines[0].startswith("index "), "a receipt without an index")
        self.index = number(lines[0][6:])
        self.path = [decode_hash(line) for line in lines[1:]]


def tile_path(kind, index, width=WIDTH):
    """kind: a level, or "entries"."""
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{kind}/{'/'.join(groups)}" + (f".p/{width}" if width < WIDTH else "")


def tiles(size, kind):
    """Index and width of the tiles that a tree of `size` leaves implies."""
    count = size if kind == "entries" else size >> 8 * kind
    full = [(index, WIDTH) for index in range(count // WIDTH)]
    return full + ([(count // WIDTH, count % WIDTH)] if count % WIDTH else [])


def levels(size):
    level = 0
    while size >> 8 * level:
        yield level
        level += 1


def bundle(data):
    entries, place = [], 0
    while place < len(data):
        must(place + 2 <= len(data), "a bundle that ends within a length")
        length, = struct.unpack_from(">H", data, place)
        place += 2 + length
        must(place <= len(data), "a bundle that ends within an entry")
        entries.append(data[place - length:place])
    return entries


def write_bundle(entries):
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)
