// A log in static tiles, checked with WebCrypto alone. The formats are C2SP signed-note, tlog-checkpoint
// and tlog-tiles; the hashes are those of RFC 6962, section 2.1. `read` gives the bytes of a file below
// the site's root, null where there is none.
(function () {
  "use strict";

  // Bytes and texts.
  const utf8 = (text) => new TextEncoder().encode(text);
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
  const same = (a, b) => a.length === b.length && a.every((byte, place) => byte === b[place]);

  function joined(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  function textOf(bytes, place) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (error) {
      throw new Error(place + " is not UTF-8 text");
    }
  }

  // A text has one spelling: what does not come out as it went in is refused.
  function fromBase64(text, place) {
    let binary = null;
    try { binary = atob(text); } catch (error) { /* told below */ }
    const bytes = Uint8Array.from(binary || "", (character) => character.charCodeAt(0));
    if (binary === null || toBase64(bytes) !== text) throw new Error(place + " is not base64");
    return bytes;
  }

  // Hashes.
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const leafHash = (entry) => sha256(joined([0], entry));
  const nodeHash = (left, right) => sha256(joined([1], left, right));

  // Some hundred digests at a time: one by one they would mostly wait, and all at once fill the memory.
  async function mapped(items, make, each) {
    const results = [];
    for (let start = 0; start < items.length; start += 512) {
      results.push(...await Promise.all(items.slice(start, start + 512).map(make)));
      if (each) each(results.length);
    }
    return results;
  }

  // The root over leaves. An odd last node goes up as it is, which splits at the largest power of two.
  // `see` gets the roots over 256, 256² … leaves, by the level of tiles that holds them.
  async function rootOf(leaves, see) {
    if (leaves.length === 0) return sha256(new Uint8Array());
    let nodes = leaves;
    for (let level = 0; ; level += 1) {
      const whole = Math.floor(leaves.length / 2 ** level);
      if (see && level > 0 && level % 8 === 0 && whole > 0) await see(level / 8, nodes.slice(0, whole));
      if (nodes.length === 1) return nodes[0];
      const pairs = [];
      for (let at = 0; at + 1 < nodes.length; at += 2) pairs.push([nodes[at], nodes[at + 1]]);
      const odd = nodes.length % 2 ? [nodes[nodes.length - 1]] : [];
      nodes = (await mapped(pairs, ([left, right]) => nodeHash(left, right))).concat(odd);
    }
  }

  // Keys, notes, checkpoints.
  async function readKey(line) {
    const parts = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(line);
    if (!parts) throw new Error("“" + line + "” is not a public key");
    const form = fromBase64(parts[3], "the public key " + parts[1]);
    const digest = await sha256(joined(utf8(parts[1] + "\n"), form));
    if (form[0] !== 1 || form.length !== 33 || hex(digest.slice(0, 4)) !== parts[2]) {
      throw new Error("the id of the public key " + parts[1] + " is not " + parts[2]);
    }
    const key = await crypto.subtle.importKey(
      "raw", form.slice(1), { name: "Ed25519" }, false, ["verify"]);
    return { name: parts[1], id: parts[2], line, key };
  }

  const readKeys = (text) => Promise.all(text.split("\n").filter((line) => line).map(readKey));

  function readNote(text, place) {
    const end = text.lastIndexOf("\n\n");
    if (end < 0 || !text.endsWith("\n") || /[\u0000-\u0009\u000b-\u001f]/.test(text)) {
      throw new Error(place + " is not a signed note");
    }
    const lines = text.slice(end + 2).split("\n").slice(0, -1);
    return { body: text.slice(0, end + 1), signatures: lines.map((line) => {
      const parts = /^\u2014 ([^\s+]+) (\S+)$/.exec(line);
      if (!parts) throw new Error(place + " has a line that is not a signature");
      const bytes = fromBase64(parts[2], "the signature of " + parts[1]);
      return { name: parts[1], id: hex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
    }) };
  }

  // The keys that signed; a known key's wrong signature spoils the note, unknown keys are passed over.
  async function signersOf(note, keys) {
    const signers = [];
    for (const signature of note.signatures) {
      const key = keys.find((one) => one.name === signature.name && one.id === signature.id);
      if (!key) continue;
      const right = await crypto.subtle.verify(
        { name: "Ed25519" }, key.key, signature.bytes, utf8(note.body));
      if (!right) throw new Error("the signature of " + key.name + "+" + key.id + " does not verify");
      signers.push(key);
    }
    return signers;
  }

  function readCheckpoint(body) {
    const lines = body.split("\n").slice(0, -1);
    const [origin, size, root] = lines;
    const hash = root === undefined ? [] : fromBase64(root, "the root in the checkpoint");
    if (lines.includes("") || !/^(0|[1-9][0-9]{0,14})$/.test(size) || hash.length !== 32) {
      throw new Error("the checkpoint does not hold an origin, a size and a root");
    }
    return { origin, size: Number(size), root: hash };
  }

  // Tiles.
  function tilePath(kind, index, width) {
    const group = (number) => String(number % 1000).padStart(3, "0");
    let path = group(index);
    for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
      path = "x" + group(rest) + "/" + path;
    }
    return "tile/" + kind + "/" + path + (width === 256 ? "" : ".p/" + width);
  }

  const tilesOf = (kind, count) => Array.from({ length: Math.ceil(count / 256) }, (_, index) => {
    const width = Math.min(256, count - 256 * index);
    return { kind, index, width, path: tilePath(kind, index, width) };
  });

  // A partial tile may be gone once the full one is there.
  async function readTile(read, tile) {
    const bytes = await read("ledger/" + tile.path);
    if (bytes) return { bytes, width: tile.width };
    const full = tile.width < 256 && await read("ledger/" + tilePath(tile.kind, tile.index, 256));
    if (!full) throw new Error(tile.path + " is missing");
    return { bytes: full, width: 256 };
  }

  async function hashesIn(read, tile) {
    const { bytes, width } = await readTile(read, tile);
    if (bytes.length !== 32 * width) throw new Error(tile.path + " does not hold " + width + " hashes");
    return Array.from({ length: tile.width }, (_, at) => bytes.slice(32 * at, 32 * at + 32));
  }

  async function entriesIn(read, tile) {
    const { bytes, width } = await readTile(read, tile);
    const entries = [];
    let at = 0;
    while (at + 2 <= bytes.length) {
      const length = 256 * bytes[at] + bytes[at + 1];
      entries.push(bytes.slice(at + 2, at + 2 + length));
      at += 2 + length;
    }
    if (at !== bytes.length || entries.length !== width) {
      throw new Error(tile.path + " does not hold " + width + " entries");
    }
    return entries.slice(0, tile.width);
  }

  // All tiles of hashes: each must be what those below it lead to, and the last the root.
  async function leavesOf(read, checkpoint, progress) {
    const leaves = [];
    for (const tile of tilesOf(0, checkpoint.size)) {
      leaves.push(...await hashesIn(read, tile));
      progress("reading tiles: " + leaves.length + " of " + checkpoint.size + " hashes");
    }
    const root = await rootOf(leaves, async (level, roots) => {
      for (const tile of tilesOf(level, roots.length)) {
        const stored = await hashesIn(read, tile);
        const wrong = stored.findIndex((hash, at) => !same(hash, roots[256 * tile.index + at]));
        if (wrong < 0) continue;
        const below = tilePath(level - 1, 256 * tile.index + wrong, 256);
        throw new Error(below + " does not lead to its hash in " + tile.path);
      }
    });
    if (!same(root, checkpoint.root)) {
      const last = tilesOf(0, checkpoint.size).pop();
      throw new Error((last ? "the tiles up to " + last.path : "an empty log") + " lead to the root "
        + toBase64(root) + ", the checkpoint has " + toBase64(checkpoint.root));
    }
    return leaves;
  }

  async function entriesOf(read, leaves, progress) {
    const all = [];
    for (const tile of tilesOf("entries", leaves.length)) {
      const entries = await entriesIn(read, tile);
      const hashes = await mapped(entries, leafHash);
      const wrong = hashes.findIndex((hash, at) => !same(hash, leaves[256 * tile.index + at]));
      if (wrong >= 0) {
        throw new Error("entry " + (256 * tile.index + wrong) + " in " + tile.path
          + " is not the one whose hash leads to the root");
      }
      for (const entry of entries) all.push(entry);
      progress("reading entries: " + all.length + " of " + leaves.length);
    }
    return all;
  }

  const log = { utf8, hex, toBase64, textOf, same, sha256, leafHash, rootOf, readKeys, readNote, signersOf,
    readCheckpoint, tilePath, leavesOf, entriesOf };
  if (typeof module !== "undefined") module.exports = log;
  else window.invitroLog = log;
})();
