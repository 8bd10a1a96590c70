import GRDB

extension SubmissionStore {
  /// The tables and the rules that live in them. A migration does not change once it is released:
  /// the next change is a new one below.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("submissions") { database in
      try database.execute(sql: tables)
      try database.execute(sql: rules)
    }
    migrator.registerMigration("webhooks") { try $0.execute(sql: Webhook.tables) }
    return migrator
  }

  /// Times are seconds since 1970, UTC. Names that look alike share a key (`DisplayName.keys`): a
  /// key belongs to one team, and on a board to the team that first had a best by that name.
  private static let tables = """
    CREATE TABLE team (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
      created INTEGER NOT NULL, renamed INTEGER
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
      scorer TEXT, commitment TEXT CHECK (length(commitment) = 64),
      commitment_key BLOB CHECK (length(commitment_key) = 32),
      opening_leaf INTEGER, closing_leaf INTEGER,
      CHECK ((labels = 'hidden') = (target IS NOT NULL AND metric IS NOT NULL AND step IS NOT NULL AND floor IS NOT NULL))
    ) STRICT;
    CREATE INDEX phase_current ON phase (benchmark, split, id);

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
          'closed', 'revealed')),
      why TEXT CHECK (kind NOT IN ('withdrawn', 'restored') OR length(why) BETWEEN 1 AND 1000)
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
      submission INTEGER NOT NULL REFERENCES submission (id), PRIMARY KEY (benchmark, split, team)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE choice (
      benchmark TEXT NOT NULL, split TEXT NOT NULL, team INTEGER NOT NULL REFERENCES team (id),
      submission INTEGER NOT NULL REFERENCES submission (id), PRIMARY KEY (benchmark, split, team)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX choice_submission ON choice (submission);

    CREATE TABLE closing (
      phase INTEGER NOT NULL REFERENCES phase (id),
      submission INTEGER NOT NULL REFERENCES submission (id),
      report TEXT NOT NULL CHECK (json_valid(report)), bits REAL NOT NULL,
      PRIMARY KEY (phase, submission)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX closing_submission ON closing (submission, phase);

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
        DELETE FROM board WHERE benchmark = NEW.benchmark AND split = NEW.split AND team = NEW.team;
        INSERT INTO board (benchmark, split, team, submission)
          SELECT benchmark, split, team, id FROM submission
          WHERE benchmark = NEW.benchmark AND split = NEW.split AND team = NEW.team
            AND best IS NOT NULL AND withdrawn = 0
          ORDER BY best DESC LIMIT 1;
      END;

    CREATE TRIGGER released_is_examined AFTER UPDATE OF state ON submission
      WHEN NEW.state = 'released' AND 'hidden' = (SELECT labels FROM phase
        WHERE benchmark = NEW.benchmark AND split = NEW.split ORDER BY id DESC LIMIT 1)
      BEGIN
        INSERT OR IGNORE INTO unexamined (submission) VALUES (NEW.id);
      END;
    """
}
