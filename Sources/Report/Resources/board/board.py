#!/usr/bin/env python3
"""What the scripts beside this one do with JSON. Needs no package; run with `python3 -I`."""

import collections
import json
import os
import pathlib
import sys
import unicodedata

MARK = "<!-- invitro: result of the check -->"
BOT = "github-actions[bot]"


def once(pairs):
    """An object without repeated keys, of which each program would take another one."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        name, count = collections.Counter(names).most_common(1)[0]
        raise ValueError(f"the key {name!r} stands there {count} times")
    return dict(pairs)


def read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"), object_pairs_hook=once)


def normal(name):
    return unicodedata.normalize("NFC", name).strip()


def is_plain(name):
    """Whether a name has one spelling: every character of it is seen, and it is in NFC."""
    return name == normal(name) and all(
        character == " " or unicodedata.category(character)[0] not in "CZ" for character in name)


def owners(path):
    """Team to its members' logins, from the lines `team TAB login, login` of teams.tsv."""
    found = {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            team, _, logins = line.partition("\t")
            found.setdefault(normal(team), set()).update(
                login.strip().lower() for login in logins.split(","))
    return found


def owner(author, teams, before, after, entry):
    """Prints why `author` may not change `entry`, if so."""
    known, author = owners(teams), author.lower()
    place = f"submissions/{entry}/submission.json"
    try:
        fields = read(pathlib.Path(after, entry, "submission.json"))
        team, history = fields.get("team"), fields.get("history") or []
    except (OSError, ValueError, RecursionError, AttributeError) as error:
        print(f"{place}: cannot be read as a JSON object: {error}")
        return 1
    if not isinstance(team, str) or not is_plain(team):
        print(f"{place} (team): found {team!a}, expected a name in Unicode's NFC without hidden "
              "characters, as `invitro submit add` writes it")
        return 1
    others = {normal(str(read(file).get("team")))
              for file in pathlib.Path(before).glob("*/*/submission.json")}
    old = pathlib.Path(before, entry, "submission.json")
    kept = read(old) if old.exists() else {}
    holder = normal(str(kept.get("team"))) if old.exists() else None
    if team in known and author not in known[team]:
        reason = f"{author} is no member of the team {team!r}"
    elif team not in known and team in others:
        reason = f"there are submissions of a team {team!r}, and nothing says who its members are"
    elif holder is not None and author not in known.get(holder, ()):
        reason = f"the folder belongs to the team {holder!r}, and {author} is no member of it"
    else:
        return lengthened(place, kept.get("history") or [], history)
    print(f"{place}: {reason}; an organiser adds members to teams.tsv")
    return 1


def lengthened(place, before, after):
    """Prints why a team may not turn the history `before` into `after`, if so."""
    if not isinstance(after, list) or after[:len(before)] != before:
        print(f"{place} (history): events that stand there are changed or missing; a team only adds some")
        return 1
    for event in after[len(before):]:
        kind = event.get("kind") if isinstance(event, dict) else event
        if kind not in ("withdrawn", "note"):
            print(f"{place} (history.kind): found {kind!a}, expected withdrawn or note; an organiser "
                  "adds other events")
            return 1
    return 0


def number(value):
    return "–" if value is None else f"{value:.4f}"


def rows(board):
    """The header and a row an entry of a leaderboard.json."""
    metric, target = board["primary"]["metric"], board["primary"]["target"]
    percent = f"{round(board['level'] * 100, 1):g}%"
    yield "", "rank", "system", "team", f"{metric.upper()} of {target}", f"{percent} interval"
    for row in board["rows"]:
        low, high = row.get("lowRank"), row.get("highRank")
        rank = "–" if low is None else str(low) if low == high else f"{low}–{high}"
        figure = row["targets"].get(target, {}).get(metric, {})
        ends = [figure.get("low"), figure.get("high")]
        interval = "–" if None in ends else f"{number(ends[0])} to {number(ends[1])}"
        yield row["slug"], rank, row["system"], row["team"], number(figure.get("value")), interval


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else unicodedata.combining(c) == 0
               for c in text)


def table(site, benchmark, *slugs):
    """Prints every board of `benchmark` that a pull request's entries stand on; all where it has none."""
    boards = [read(file) for file in sorted(pathlib.Path(site, benchmark).glob("*/leaderboard.json"))]
    own = [b for b in boards if any(row["slug"] in slugs for row in b["rows"])]
    if slugs and not own:
        print("The submission has no scores: it is a published or withdrawn one.\n")
    for board in own or boards:
        lines = [[">" if row[0] in slugs else " ", *row[1:]] for row in rows(board)]
        widths = [max(width(line[column]) for line in lines) for column in range(len(lines[0]))]
        print(f"{board['title']}, {board['split']}" + ("; > is this pull request's" if own else ""))
        for line in lines:
            cells = (cell + " " * (wide - width(cell)) for cell, wide in zip(line, widths))
            print("  ".join(cells).rstrip())
        print()
    return 0


def split(path):
    print(read(path)["split"])
    return 0


def comment(path, conclusion, run, files, commit):
    """Prints the body of a comment; of the table nothing can leave its block of plain text."""
    verdicts = {"success": "The check passed.", "failure": "The check found faults."}
    verdict = verdicts.get(conclusion, "The check did not come to an end.")
    outside = sum(any(not name.startswith("submissions/")
                      for name in (item["filename"], item.get("previous_filename")) if name)
                  for item in documents(files))
    warning = (f"\n**Changes {outside} files outside submissions/.** Its own check may be among them: "
               "look at the files before you trust this result.\n" if outside else "")
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            text = file.read(20_000).decode("utf-8", errors="replace")
    except OSError:
        text = "There is no table; the log says why."
    text = "".join(
        "'" if c == "`" else c for c in text if c == "\n" or unicodedata.category(c)[0] != "C")
    body = f"{MARK}\n**{verdict}** Of commit {commit}. [Log]({run})\n{warning}\n```text\n{text.rstrip()}\n```\n"
    print(json.dumps({"body": body}))
    return 0


def documents(path):
    return [item for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()
            for item in json.loads(line)]


def main(command, *words):
    if command == "pulls":
        found = [item["number"] for item in documents(words[0]) if item["head"]["sha"] == words[1]]
        print("\n".join(str(int(item)) for item in found))
    elif command == "own-comment":
        own = [item["id"] for item in documents(words[0])
               if item["user"]["login"] == BOT and item["body"].startswith(MARK)]
        print(int(own[0]) if own else "")
    elif command == "line":
        print(json.dumps(json.loads(pathlib.Path(words[0]).read_text(encoding="utf-8"))))
    elif command == "count":
        print(len(json.loads(pathlib.Path(words[0]).read_text(encoding="utf-8"))))
    else:
        commands = {"owner": owner, "table": table, "split": split, "comment": comment}
        return commands[command](*words)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
