// Tests of site/assets/log.js and ledger.js without a browser: node --test Tests/Browser/test_log.js.
// INVITRO_FIXTURE_SITES names a folder with the built sites `invitro` and `thousand`.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const root = path.join(__dirname, "../..");
const log = require(path.join(root, "site/assets/log.js"));
const { verify, compactPart } = require(path.join(root, "site/assets/ledger.js"));

const leaves = (count) => Promise.all(
  Array.from({ length: count }, (_, index) => log.leafHash(log.utf8("leaf-" + index))));

// Of the entries leaf-0, leaf-1 …, as Go's and Python's libraries make them (RFC 6962).
test("roots are those of other programs", async () => {
  for (const [size, start] of [[0, "e3b0c442"], [1, "305df59f"], [2, "60a53eed"], [3, "cf763a04"],
    [7, "0b007fb9"], [8, "ca6b7b3e"]]) {
    assert.ok(log.hex(await log.rootOf(await leaves(size))).startsWith(start), "size " + size);
  }
});

test("roots over whole tiles are handed out by their level", async () => {
  const all = await leaves(600);
  const seen = [];
  await log.rootOf(all, async (level, roots) => seen.push([level, roots.map(log.hex)]));
  const parts = [all.slice(0, 256), all.slice(256, 512)];
  assert.deepStrictEqual(
    seen, [[1, await Promise.all(parts.map(async (part) => log.hex(await log.rootOf(part))))]]);
});

test("paths of tiles are those of C2SP tlog-tiles", () => {
  assert.strictEqual(log.tilePath(0, 5, 256), "tile/0/005");
  assert.strictEqual(log.tilePath("entries", 1234067, 3), "tile/entries/x001/x234/067.p/3");
});

test("a key whose id is not its own is refused", async () => {
  const key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
  assert.strictEqual((await log.readKeys(key + "\n"))[0].name, "example.com/foo");
  await assert.rejects(log.readKeys(key.replace("530d", "530e")), /the id of the public key/);
});

test("an object is cut out of a document digit for digit", () => {
  const document = '{\n  "a" : "\\"report\\" : {",\n  "report" : {\n    "x y" : 1e-05,\n'
    + '    "z" : {\n\n    }\n  }\n}\n';
  assert.strictEqual(compactPart(document, "report"), '{"x y":1e-05,"z":{}}');
  assert.strictEqual(compactPart('{"report" : null}', "report"), null);
});

const sites = process.env.INVITRO_FIXTURE_SITES;

// The results of a site by check, and what is kept; `change` alters bytes on their way.
async function checked(site, kept = null, change = (file, bytes) => bytes) {
  const results = {};
  const read = async (file) => {
    const place = path.join(sites, site, file);
    return fs.existsSync(place) ? change(file, new Uint8Array(fs.readFileSync(place))) : null;
  };
  const end = await verify(
    read, kept, ({ name, state, words }) => { results[name] = state + ": " + words; }, () => {});
  return { results, ...end };
}

const flipped = (wanted, at) => (file, bytes) => {
  if (file.startsWith(wanted)) bytes[at] ^= 1;
  return bytes;
};

for (const site of ["invitro", "thousand"]) {
  test("the log and the boards of a built site verify: " + site, { skip: !sites }, async () => {
    const first = await checked(site);
    assert.ok(first.holds, JSON.stringify(first.results));
    const again = await checked(site, first.keep);
    assert.match(again.results["Last visit"], /^Holds: .* 0 were appended since/);
  });
}

test("each changed file is named", { skip: !sites }, async () => {
  for (const [file, at, name, words] of [
    ["ledger/tile/0/001", 40, "Tiles", /tile\/0\/001 does not lead to its hash in tile\/1\/000/],
    ["ledger/tile/1/", 0, "Tiles", /tile\/0\/000 does not lead to its hash in tile\/1\/000/],
    ["ledger/tile/0/003.p", 40, "Tiles", /the checkpoint has/],
    ["ledger/tile/entries/002", 5000, "Entries", /in tile\/entries\/002 is not the one/],
    ["ledger/checkpoint", 15, "Signature", /^Fails/],
    ["ledger/key", 40, "Key", /^Fails/],
  ]) {
    const { results, holds, keep } = await checked("thousand", null, flipped(file, at));
    assert.ok(!holds && keep === null);
    assert.match(results[name], words, file);
    assert.match(results[name], /^Fails/, file);
  }
});

test("a figure that is not the logged one is named, and so is a row that is gone", { skip: !sites },
  async () => {
  const board = "fixture24/test/leaderboard.json";
  const edited = (edit) => checked("invitro", null, (file, bytes) => {
    if (file !== board) return bytes;
    const document = JSON.parse(new TextDecoder().decode(bytes));
    edit(document);
    return log.utf8(JSON.stringify(document));
  });
  const raised = await edited((document) => { document.rows[3].targets.empathy.pcc.value = 0.9; });
  assert.match(raised.results["Board fixture24/test"],
    /^Fails: .*targets empathy pcc value: 0\.9 on the board, 0\.\d+ in the log/);
  assert.ok(raised.keep, "the log itself holds");
  const removed = await edited((document) => { document.rows.shift(); });
  assert.match(removed.results["Board fixture24/test"], /is in the log and not on the board/);
  const apart = (reason) => edited((document) => {
    const { slug, id, system, team, page } = document.rows.shift();
    document.apart.push({ slug, id, system, team, page, reason });
  });
  assert.match((await apart("withdrawn: a leak")).results["Board fixture24/test"], /not on the board/);
  assert.match((await apart("superseded")).results["Board fixture24/test"],
    /^Holds: .* Shown without their logged figures: system-0/);
  const added = await edited((document) => {
    document.rows.push({ ...document.rows[0], id: "other", slug: "other" });
  });
  assert.match(added.results["Board fixture24/test"], /other is on the board and not in the log/);
});

test("another log, or an older one, is not the log of the last visit", { skip: !sites }, async () => {
  const { keep } = await checked("thousand");
  const other = await checked("invitro", keep);
  assert.match(other.results.Key, /^Fails: the key is not the one of your last visit/);
  const own = await checked("invitro");
  const larger = { ...own.keep, checkpoint: own.keep.checkpoint.replace(/\n\d+\n/, "\n4000\n") };
  assert.match((await checked("invitro", larger)).results["Last visit"],
    /^Fails: the log had 4000 entries .* it has shrunk/);
  const forked = { ...own.keep, checkpoint: keep.checkpoint.replace(/\n\d+\n/, "\n5\n") };
  assert.match((await checked("invitro", forked)).results["Last visit"],
    /^Fails: the first 5 entries are not those of your last visit/);
});

// A key pair, its public text, and the line that it signs a note's text with.
async function signer(name) {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  const form = Buffer.concat([
    Buffer.from([1]), Buffer.from(await crypto.subtle.exportKey("raw", pair.publicKey))]);
  const id = Buffer.from(await log.sha256(Buffer.concat([Buffer.from(name + "\n"), form]))).subarray(0, 4);
  const line = async (body) => {
    const signature = await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, log.utf8(body));
    return "\u2014 " + name + " " + Buffer.concat([id, Buffer.from(signature)]).toString("base64") + "\n";
  };
  return { text: name + "+" + id.toString("hex") + "+" + form.toString("base64"), line };
}

test("a new key is trusted where the key of the last visit signed the change", { skip: !sites }, async () => {
  const before = (await checked("invitro")).keep;
  const body = before.checkpoint.split("\n\n")[0] + "\n";
  const origin = body.split("\n")[0];
  const [old, next, other] = [await signer(origin), await signer(origin), await signer(origin)];
  const change = ["invitro key change", origin, old.text, next.text, ""].join("\n");
  const visit = (checkpointLine, notes) => checked(
    "invitro", { keys: old.text + "\n", checkpoint: before.checkpoint }, (file, bytes) => {
      if (file === "ledger/key") return log.utf8(next.text + "\n");
      if (file === "ledger/checkpoint") return log.utf8(body + "\n" + checkpointLine);
      return file === "ledger/rotations.json" ? log.utf8(JSON.stringify(notes)) : bytes;
    });
  const own = await next.line(body);
  const both = change + "\n" + await old.line(change) + await next.line(change);
  const changed = await visit(own, [both]);
  assert.ok(changed.holds, JSON.stringify(changed.results));
  assert.match(changed.results.Key, /signed the change to this one/);
  const forged = change + "\n" + await other.line(change) + await next.line(change);
  for (const notes of [[], [forged], [change + "\n" + await old.line(change)]]) {
    assert.match((await visit(own, notes)).results.Key, /^Fails: the key is not the one of your last visit/);
  }
  assert.match((await visit(await other.line(body), [both])).results.Signature,
    /^Fails: no key of the log signed/);
});
