package import GRDB

extension SubmissionStore {
  /// The tables and the rules that live in them. A migration does not change once it is released:
  /// the next change is a new one below.
  package static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("submissions") { database in
      try database.execute(sql: tables)
      try database.execute(sql: Webhook.tables)
      try database.execute(sql: rules)
    }
    // A token is what a team keeps, a link that is opened once, or a browser's session, which ends with
    // the token that began it.
    migrator.registerMigration("sessions") { database in
      try database.execute(
        sql: """
          ALTER TABLE token ADD COLUMN kind TEXT NOT NULL DEFAULT 'token'
            CHECK (kind IN ('token', 'link', 'session'));
          ALTER TABLE token ADD COLUMN parent INTEGER REFERENCES token (id);
          """)
    }
    return migrator
  }

  /// Times are seconds since 1970, UTC. A submission that is `alone` takes, as a best, the place of all
  /// that its team has; a `late` one stands apart. The last row of `scoring` says what a board's figures were
  /// computed with (of the labels' digest an HMAC); `rescoring` holds what an unfinished rescore has
  /// computed so far. Names that look alike share a key (`DisplayName.keys`): a
  /// key belongs to one team, and on a board to the team that first had a best by that name.
  private static let tables = """
    CREATE TABLE team (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
      created INTEGER NOT NULL, renamed INTEGER,
      organiser INTEGER NOT NULL DEFAULT 0 CHECK (organiser IN (0, 1))
    ) STRICT;

    CREATE TABLE team_key (
      key TEXT PRIMARY KEY, team INTEGER NOT NULL REFERENCES team (id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE token (
      id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES team (id),
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
      digest BLOB NOT NULL CHECK (length(digest) = 32), created INTEGER NOT NULL,
      expires INTEGER CHECK (expires > created), last_used INTEGER, revoked INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX token_name ON token (team, name) WHERE revoked IS NULL;

    CREATE TABLE phase (
      id INTEGER PRIMARY KEY, benchmark TEXT NOT NULL, split TEXT NOT NULL,
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      opens INTEGER NOT NULL, closes INTEGER CHECK (closes > opens),
      visibility TEXT NOT NULL CHECK (visibility IN ('hidden', 'own', 'public')),
      labels TEXT NOT NULL CHECK (labels IN ('hidden', 'open')),
      target TEXT, metric TEXT, step REAL CHECK (step > 0), floor REAL,
      entropy REAL CHECK (entropy > 0), final INTEGER NOT NULL CHECK (final IN (0, 1)),
      closed INTEGER,
      daily INTEGER NOT NULL CHECK (daily > 0), total INTEGER NOT NULL CHECK (total > 0),
      daily_failing INTEGER NOT NULL CHECK (daily_failing > 0),
      total_failing INTEGER NOT NULL CHECK (total_failing > 0), made INTEGER NOT NULL,
      freeze INTEGER CHECK (freeze > opens), after_split TEXT,
      after_name TEXT CHECK ((after_name IS NULL) = (after_split IS NULL)),
      late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1)),
      entries INTEGER NOT NULL DEFAULT 1 CHECK (entries > 0), removed INTEGER,
      scorer TEXT, commitment TEXT CHECK (length(commitment) = 64),
      commitment_key BLOB CHECK (length(commitment_key) = 32),
      opening_leaf INTEGER, closing_leaf INTEGER,
      CHECK ((labels = 'hidden') = (target IS NOT NULL AND metric IS NOT NULL AND step IS NOT NULL AND floor IS NOT NULL))
    ) STRICT;
    CREATE INDEX phase_name ON phase (benchmark, split, name, id);
    CREATE VIEW named_phase AS SELECT * FROM phase
      WHERE id IN (SELECT max(id) FROM phase GROUP BY benchmark, split, name) AND removed IS NULL;

    CREATE TABLE submission (
      id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE,
      team INTEGER NOT NULL REFERENCES team (id),
      benchmark TEXT NOT NULL, split TEXT NOT NULL, phase TEXT NOT NULL,
      digest TEXT NOT NULL CHECK (length(digest) = 64),
      metadata TEXT NOT NULL CHECK (json_valid(metadata)), received INTEGER NOT NULL,
      state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'released', 'failed')),
      verdict TEXT CHECK ((verdict IS NOT NULL) = (state = 'released')),
      report TEXT CHECK (report IS NULL OR json_valid(report)),
      best INTEGER CHECK (best IS NULL OR state = 'released'),
      withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
      system TEXT NOT NULL DEFAULT '',
      alone INTEGER NOT NULL DEFAULT 1 CHECK (alone IN (0, 1)),
      late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1)),
      UNIQUE (benchmark, split, team, digest)
    ) STRICT;
    CREATE INDEX submission_team ON submission (team, id);
    CREATE UNIQUE INDEX submission_best ON submission (benchmark, split, team, best)
      WHERE best IS NOT NULL;
    CREATE INDEX submission_withdrawn ON submission (id) WHERE withdrawn = 1;

    CREATE TABLE prediction (
      submission INTEGER PRIMARY KEY REFERENCES submission (id), file BLOB NOT NULL
    ) STRICT;

    CREATE TABLE idempotency (
      team INTEGER NOT NULL REFERENCES team (id),
      key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
      payload TEXT NOT NULL CHECK (length(payload) = 64),
      submission INTEGER NOT NULL REFERENCES submission (id), PRIMARY KEY (team, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE failing_upload (
      team INTEGER NOT NULL REFERENCES team (id),
      key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
      payload TEXT NOT NULL CHECK (length(payload) = 64), PRIMARY KEY (team, key, payload)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE queue (
      submission INTEGER PRIMARY KEY REFERENCES submission (id),
      owner TEXT NOT NULL, leased_until INTEGER NOT NULL, attempts INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE usage (
      team INTEGER NOT NULL REFERENCES team (id),
      benchmark TEXT NOT NULL, split TEXT NOT NULL, phase TEXT NOT NULL, day INTEGER NOT NULL,
      valid INTEGER NOT NULL DEFAULT 0, failing INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (team, benchmark, split, phase, day)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE event (
      id INTEGER PRIMARY KEY, submission INTEGER NOT NULL REFERENCES submission (id),
      at INTEGER NOT NULL, kind TEXT NOT NULL
        CHECK (kind IN ('accepted', 'released', 'failed', 'withdrawn', 'restored', 'chosen',
          'closed', 'revealed', 'rescored')),
      why TEXT CHECK (kind NOT IN ('withdrawn', 'restored', 'rescored')
        OR length(why) BETWEEN 1 AND 1000)
    ) STRICT;
    CREATE INDEX event_submission ON event (submission, id);

    CREATE TABLE unexamined (
      submission INTEGER PRIMARY KEY REFERENCES submission (id)
    ) STRICT;

    CREATE TABLE sign (
      submission INTEGER NOT NULL REFERENCES submission (id), sign TEXT NOT NULL,
      PRIMARY KEY (submission, sign)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE system_key (
      benchmark TEXT NOT NULL, split TEXT NOT NULL, key TEXT NOT NULL,
      team INTEGER NOT NULL REFERENCES team (id), PRIMARY KEY (benchmark, split, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE board (
      benchmark TEXT NOT NULL, split TEXT NOT NULL, team INTEGER NOT NULL REFERENCES team (id),
      late INTEGER NOT NULL, system TEXT NOT NULL,
      submission INTEGER NOT NULL REFERENCES submission (id),
      PRIMARY KEY (benchmark, split, team, late, system)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE choice (
      benchmark TEXT NOT NULL, split TEXT NOT NULL, phase TEXT NOT NULL,
      team INTEGER NOT NULL REFERENCES team (id), system TEXT NOT NULL,
      submission INTEGER NOT NULL REFERENCES submission (id),
      PRIMARY KEY (benchmark, split, phase, team, system)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX choice_submission ON choice (submission);

    CREATE TABLE closing (
      phase INTEGER NOT NULL REFERENCES phase (id),
      submission INTEGER NOT NULL REFERENCES submission (id),
      report TEXT NOT NULL CHECK (json_valid(report)), bits REAL NOT NULL,
      revision INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (phase, submission, revision)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX closing_submission ON closing (submission, phase, revision);

    CREATE TABLE revealed (
      benchmark TEXT NOT NULL, split TEXT NOT NULL, entry TEXT NOT NULL,
      submission INTEGER REFERENCES submission (id), bits REAL NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY (benchmark, split, entry)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE ledger (
      idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL CHECK (length(leaf) <= 65535),
      hash BLOB NOT NULL CHECK (length(hash) = 32), entry TEXT,
      event TEXT NOT NULL
    ) STRICT;
    CREATE INDEX ledger_entry ON ledger (entry) WHERE entry IS NOT NULL;
    CREATE INDEX ledger_key ON ledger (idx) WHERE event = 'key';

    CREATE TABLE ledger_hash (
      level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL CHECK (length(hash) = 32),
      PRIMARY KEY (level, idx)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE ledger_checkpoint (
      one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL,
      root BLOB NOT NULL CHECK (length(root) = 32), note BLOB NOT NULL, accepted INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE ledger_shown (
      board TEXT NOT NULL, entry TEXT NOT NULL, figures TEXT NOT NULL, PRIMARY KEY (board, entry)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE over_budget (
      id INTEGER PRIMARY KEY, benchmark TEXT NOT NULL, split TEXT NOT NULL,
      at INTEGER NOT NULL, bits REAL NOT NULL, why TEXT NOT NULL CHECK (length(why) BETWEEN 1 AND 1000)
    ) STRICT;

    CREATE TABLE scoring (
      id INTEGER PRIMARY KEY, benchmark TEXT NOT NULL, split TEXT NOT NULL, at INTEGER NOT NULL,
      scorer INTEGER NOT NULL, gold TEXT NOT NULL CHECK (length(gold) = 64),
      row_order TEXT NOT NULL CHECK (length(row_order) = 64), why TEXT,
      bits REAL NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX scoring_board ON scoring (benchmark, split, id);

    CREATE TABLE rescored (
      event INTEGER PRIMARY KEY REFERENCES event (id),
      report TEXT CHECK (report IS NULL OR json_valid(report))
    ) STRICT;

    CREATE TABLE rescoring (
      submission INTEGER PRIMARY KEY REFERENCES submission (id), target TEXT NOT NULL,
      verdict TEXT NOT NULL, report TEXT CHECK (report IS NULL OR json_valid(report)),
      closing TEXT CHECK (closing IS NULL OR json_valid(closing))
    ) STRICT;
    """

  /// Lifted only where a new ledger begins.
  static let ledgerIsKept = """
    CREATE TRIGGER ledger_is_kept BEFORE DELETE ON ledger
      BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    """

  /// History is append-only, submissions are kept as they were sent, a board holds each team's last
  /// best that is not withdrawn, and what is released where labels are hidden is looked at for signs
  /// of probing.
  private static let rules = """
    CREATE TRIGGER event_stays BEFORE UPDATE ON event
      BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
    CREATE TRIGGER event_is_kept BEFORE DELETE ON event
      BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
    CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger
      BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    \(ledgerIsKept)
    CREATE TRIGGER closing_stays BEFORE UPDATE ON closing
      BEGIN SELECT RAISE(ABORT, 'what a close released does not change'); END;
    CREATE TRIGGER closing_is_kept BEFORE DELETE ON closing
      BEGIN SELECT RAISE(ABORT, 'what a close released does not change'); END;
    CREATE TRIGGER scoring_stays BEFORE UPDATE ON scoring
      BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
    CREATE TRIGGER scoring_is_kept BEFORE DELETE ON scoring
      BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
    CREATE TRIGGER rescored_stays BEFORE UPDATE ON rescored
      BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
    CREATE TRIGGER rescored_is_kept BEFORE DELETE ON rescored
      BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
    CREATE TRIGGER submission_is_kept BEFORE DELETE ON submission
      BEGIN SELECT RAISE(ABORT, 'a submission is never deleted'); END;
    CREATE TRIGGER submission_stays BEFORE UPDATE OF public_id, team, digest, received ON submission
      BEGIN SELECT RAISE(ABORT, 'what was submitted does not change'); END;

    CREATE TRIGGER event_withdraws AFTER INSERT ON event WHEN NEW.kind IN ('withdrawn', 'restored')
    BEGIN
      UPDATE submission SET withdrawn = (NEW.kind = 'withdrawn') WHERE id = NEW.submission;
    END;
    CREATE TRIGGER board_follows AFTER UPDATE OF best, withdrawn ON submission
      WHEN NEW.best IS NOT NULL
      BEGIN
        DELETE FROM board WHERE benchmark = NEW.benchmark AND split = NEW.split
          AND team = NEW.team AND late = NEW.late;
        INSERT INTO board (benchmark, split, team, late, system, submission)
          SELECT benchmark, split, team, late, system, id FROM submission s
          WHERE benchmark = NEW.benchmark AND split = NEW.split AND team = NEW.team
            AND late = NEW.late AND \(standing { "\($0).best IS NOT NULL" });
      END;

    CREATE TRIGGER released_is_examined AFTER UPDATE OF state ON submission
      WHEN NEW.state = 'released' AND 'hidden' = (SELECT labels FROM phase
          WHERE benchmark = NEW.benchmark AND split = NEW.split AND name = NEW.phase
          ORDER BY id DESC LIMIT 1)
        AND NOT (SELECT organiser FROM team WHERE id = NEW.team)
      BEGIN
        INSERT OR IGNORE INTO unexamined (submission) VALUES (NEW.id);
      END;
    """

  /// Whether `s` stands for its team among the submissions of which `condition` holds: a best that is
  /// not withdrawn, and of which no later one takes the place.
  static func standing(_ condition: (_ submission: String) -> String) -> String {
    func counts(_ name: String) -> String {
      "\(name).best IS NOT NULL AND \(name).withdrawn = 0 AND \(condition(name))"
    }
    return """
      \(counts("s")) AND NOT EXISTS (SELECT * FROM submission n
        WHERE n.benchmark = s.benchmark AND n.split = s.split AND n.team = s.team
          AND n.late = s.late AND n.best > s.best AND (n.alone OR n.system = s.system)
          AND \(counts("n")))
      """
  }
}
