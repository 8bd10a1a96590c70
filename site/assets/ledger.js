// Verifies the log of these leaderboards: its signature, its tiles, that it goes on from the last visit,
// and that the boards show what it says. WebCrypto alone, no library; log.js knows the formats.
(function () {
  "use strict";
  const log = typeof module === "undefined" ? window.invitroLog : require("./log.js");
  const { utf8, hex, toBase64, textOf, same, sha256, rootOf, readKeys, readNote, signersOf, readCheckpoint,
    leavesOf, entriesOf } = log;

  const counted = (count, noun) => count + " " + noun + (count === 1 ? "" : "s");

  // What the log says of a board: the ids that it shows, and each entry's last released outcome.
  function replay(events, board) {
    const shown = new Set();
    const outcomes = new Map();
    events.forEach((event, leaf) => {
      if (event.board !== board) return;
      // A board whose scores are not public shows nothing of its store's.
      if (event.event === "phase" && event.visibility && event.visibility !== "public") shown.clear();
      if (event.report || event.reportDigest) outcomes.set(event.id, { ...event, leaf });
      if (event.replaces) shown.delete(event.replaces);
      if (event.stands) shown.add(event.stands);
    });
    return { shown, outcomes };
  }

  // Where a board's figures are not the log's, in words. What the log has beyond the board is no fault.
  function differences(board, log, name) {
    if (board !== null && typeof board === "object") {
      return Object.keys(board).flatMap((key) => differences(
        board[key], log === null || log === undefined ? undefined : log[key],
        name ? name + " " + key : key));
    }
    if (board === log) return [];
    const said = log === undefined ? "nothing" : JSON.stringify(log);
    return [name + ": " + JSON.stringify(board) + " on the board, " + said + " in the log"];
  }

  // The compact form of an object in a JSON document, digit for digit: what its digest was made of.
  function compactPart(text, key) {
    let out = "";
    for (const token of text.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) || []) out += token;
    const start = out.indexOf('"' + key + '":{');
    if (start < 0) return null;
    const from = start + key.length + 3;
    let depth = 0;
    for (const token of out.slice(from).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
      if (token[0] === "{") depth += 1;
      if (token[0] === "}") depth -= 1;
      if (depth === 0) return out.slice(from, from + token.index + 1);
    }
    return null;
  }

  async function reportOf(read, outcome, folder, row) {
    if (outcome.report) return outcome.report;
    const bytes = await read(folder + row.document);
    const text = bytes && compactPart(textOf(bytes, row.document), "report");
    if (!text || hex(await sha256(utf8(text))) !== outcome.reportDigest) return null;
    return JSON.parse(text);
  }

  // One board: the ids it shows, then its figures.
  async function checkBoard(read, item, events, checkpoint) {
    const name = item.benchmark + "/" + item.split;
    const document = await readJSON(read, item.json);
    const made = document.ledger;
    if (!made) throw new Error("the board " + name + " does not say which log it was made from");
    if (made.origin !== checkpoint.origin) {
      throw new Error("the board " + name + " was made from the log " + made.origin);
    }
    if (made.size > events.length) {
      throw new Error("the board " + name + " was made from " + made.size
        + " entries, the log has " + events.length);
    }
    const { shown, outcomes } = replay(events.slice(0, made.size), name);
    const rows = document.rows;
    const onBoard = new Set(rows.map((row) => row.id));
    const faults = rows.filter((row) => !shown.has(row.id) || !outcomes.has(row.id))
      .map((row) => row.slug + " is on the board and not in the log");
    // One that is shown without figures, as where the labels are not at hand, says so on its page.
    const unscored = new Set(document.apart
      .filter((other) => !(other.reason || "").startsWith("withdrawn")).map((other) => other.id));
    const missing = [...shown].filter((id) => !onBoard.has(id));
    faults.push(...missing.filter((id) => !unscored.has(id))
      .map((id) => id + " is in the log and not on the board"));
    for (const row of rows.filter((one) => outcomes.has(one.id))) {
      const outcome = outcomes.get(row.id);
      const report = await reportOf(read, outcome, item.json.replace(/[^/]*$/, ""), row);
      const { n, clusters, signature, targets, wassa } = row;
      const figures = { n, clusters, signature, targets, wassa };
      const wrong = report ? differences(figures, report, "") : ["its report is not the logged one"];
      if (wrong.length === 0) continue;
      faults.push(row.slug + " (entry " + outcome.leaf + "): " + wrong.slice(0, 3).join("; "));
    }
    if (faults.length) {
      const rest = faults.length > 10 ? " … and " + (faults.length - 10) + " more" : "";
      throw new Error(faults.slice(0, 10).join(". ") + rest);
    }
    const others = missing.length === 0 ? ""
      : " Shown without their logged figures: " + missing.join(", ") + ".";
    return rows.length === 0 ? "It shows no scored system." + others
      : "Each of its " + counted(rows.length, "scored system") + " is in the log, and the figures are the "
        + "logged ones. The board was made from the first " + made.size + " of " + events.length
        + " entries." + others;
  }

  async function readText(read, path) {
    const bytes = await read(path);
    if (!bytes) throw new Error(path + " is missing");
    return textOf(bytes, path);
  }

  const readJSON = async (read, path) => JSON.parse(await readText(read, path));

  // A key of the last visit must sign still, or have signed those that came after it.
  async function checkKeys(read, keys, kept) {
    if (!kept) return "This is the first visit: the key was taken from this site and is remembered.";
    const trusted = await readKeys(kept.keys);
    const isTrusted = (key) => trusted.some((one) => one.line === key.line);
    if (keys.some(isTrusted)) return "The key is the one of your last visit.";
    for (const text of await readJSON(read, "ledger/rotations.json")) {
      const note = readNote(text, "a change of keys");
      const lines = note.body.split("\n").filter((line) => /^[^+\s]+\+[0-9a-f]{8}\+\S+$/.test(line));
      const named = await readKeys(lines.join("\n"));
      if ((await signersOf(note, trusted)).length === 0) continue;
      trusted.push(...await signersOf(note, named));
    }
    if (keys.some(isTrusted)) return "The key of your last visit signed the change to this one.";
    throw new Error("the key is not the one of your last visit, and that one did not sign the change");
  }

  // Runs all checks in turn. `read` gives the bytes of a file of the site, null where there is none;
  // `kept` is what the last visit kept; `tell` gets each result, `progress` what is being done.
  // Returns what to keep, null where the log does not verify.
  async function verify(read, kept, tell, progress) {
    let holds = true;
    async function check(name, needs, make) {
      if (!needs) {
        tell({ name, state: "Not checked", words: "It rests on a check that failed." });
        return undefined;
      }
      try {
        const [words, value] = [].concat(await make());
        tell({ name, state: "Holds", words });
        return value === undefined ? true : value;
      } catch (error) {
        holds = false;
        tell({ name, state: "Fails", words: error.message + "." });
        return undefined;
      }
    }
    // Boards come first: one that is made while this runs is of a later log.
    const boards = await readJSON(read, "leaderboards.json").then((index) => index.boards, () => null);
    const documents = new Map();
    for (const item of boards || []) documents.set(item.json, await read(item.json));
    const before = async (path) => (documents.has(path) ? documents.get(path) : read(path));
    const text = await readText(read, "ledger/checkpoint").catch(() => "");
    const keyText = await readText(read, "ledger/key").catch(() => "");

    const keys = await check("Key", true, async () => {
      const all = await readKeys(keyText);
      if (all.length === 0) throw new Error("ledger/key is missing or empty");
      return [await checkKeys(read, all, kept), all];
    });
    const checkpoint = await check("Signature", keys, async () => {
      const note = readNote(text, "the checkpoint");
      const signers = await signersOf(note, keys);
      if (signers.length === 0) throw new Error("no key of the log signed the checkpoint");
      const point = readCheckpoint(note.body);
      if (!signers.some((key) => key.name === point.origin)) {
        throw new Error("the checkpoint is of the log " + point.origin);
      }
      return ["The checkpoint of " + point.size + " entries, root " + toBase64(point.root)
        + ", is signed by " + signers.map((key) => key.name + "+" + key.id).join(", ") + ".", point];
    });
    const leaves = await check("Tiles", checkpoint, async () => {
      const all = await leavesOf(read, checkpoint, progress);
      return ["All tiles lead to the signed root.", all];
    });
    const events = await check("Entries", leaves, async () => {
      const all = (await entriesOf(read, leaves, progress))
        .map((entry, place) => JSON.parse(textOf(entry, "entry " + place)));
      return ["Each of the " + all.length + " entries has its hash in the tiles.", all];
    });
    await check("Last visit", leaves, async () => {
      if (!kept) return "This is the first visit: the checkpoint is remembered from now on.";
      const old = readCheckpoint(readNote(kept.checkpoint, "the remembered checkpoint").body);
      if (old.size > checkpoint.size) {
        throw new Error("the log had " + old.size + " entries at your last visit and has "
          + checkpoint.size + " now: it has shrunk, which no log may");
      }
      if (!same(await rootOf(leaves.slice(0, old.size)), old.root)) {
        throw new Error("the first " + old.size + " entries are not those of your last visit");
      }
      return "The " + old.size + " entries of your last visit are its beginning; "
        + (checkpoint.size - old.size) + " were appended since.";
    });
    const logHolds = holds;
    if (!boards) tell({ name: "Boards", state: "Not checked", words: "leaderboards.json is missing." });
    for (const item of boards || []) {
      progress("comparing the board " + item.benchmark + "/" + item.split);
      await check("Board " + item.benchmark + "/" + item.split, events,
        () => checkBoard(before, item, events, checkpoint));
    }
    return { holds: holds && boards !== null,
      keep: logHolds ? { checkpoint: text, keys: keyText } : null };
  }

  if (typeof module !== "undefined") {
    module.exports = { verify, compactPart };
    return;
  }

  // The page.
  const box = document.getElementById("ledger-verify");
  const status = document.getElementById("ledger-status");
  const results = document.getElementById("ledger-results");
  const root = new URL(box.dataset.root || "./", location.href).href;
  const memory = "invitro-ledger " + new URL(root).pathname;

  // What the server gives now, and not what the browser kept.
  async function read(path) {
    const answer = await fetch(root + path, { cache: "no-store" });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(path + ": the server answered " + answer.status);
    return new Uint8Array(await answer.arrayBuffer());
  }

  function remembered() {
    try { return JSON.parse(localStorage.getItem(memory)); } catch (error) { return null; }
  }

  function remember(keep) {
    try {
      localStorage.setItem(memory, JSON.stringify(keep));
    } catch (error) { /* not remembered, and still checked */ }
  }

  function show({ name, state, words }) {
    const item = document.createElement("li");
    const verdict = document.createElement("strong");
    verdict.textContent = name + ": " + state.toLowerCase() + (state === "Fails" ? ":" : ".");
    item.dataset.state = state;
    item.append(verdict, " " + words);
    results.append(item);
  }

  async function start(button) {
    button.disabled = true;
    results.replaceChildren();
    try {
      const { holds, keep } = await verify(
        read, remembered(), show, (text) => { status.textContent = text + " …"; });
      if (keep) remember(keep);
      status.textContent = holds ? "Everything that was checked holds."
        : "Not everything holds: see the checks that fail below, and keep a copy of the checkpoint.";
    } catch (error) {
      status.textContent = "The checks could not be finished: " + error.message;
    }
    button.disabled = false;
  }

  async function canVerify() {
    if (!/^https?:$/.test(location.protocol) || !window.isSecureContext || !crypto.subtle) return false;
    const point = Uint8Array.from([0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3,
      0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7,
      0x07, 0x51, 0x1a]);
    return crypto.subtle.importKey("raw", point, { name: "Ed25519" }, false, ["verify"])
      .then(() => true, () => false);
  }

  canVerify().then((can) => {
    const button = document.getElementById("ledger-start");
    if (can) {
      box.hidden = false;
      button.addEventListener("click", () => start(button));
    } else {
      status.textContent = "This browser cannot verify the log here: it takes a page over HTTPS and a "
        + "browser with Ed25519. The command below does it.";
    }
  });
})();
