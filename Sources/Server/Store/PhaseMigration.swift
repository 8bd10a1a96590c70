import Basics
import GRDB

/// Phases as a list: scheduled, frozen, late, with several entries a team; and teams of organisers.
enum PhaseMigration {
  static func run(_ database: Database) throws {
    try database.execute(sql: tables)
    let systems = try Row.fetchAll(
      database, sql: "SELECT id, json_extract(metadata, '$.system') AS system FROM submission")
    for row in systems {
      let (id, name): (Int64, String?) = (row["id"], row["system"])
      try database.run(
        "UPDATE submission SET system = ? WHERE id = ?", [EntrySlot.key(of: name ?? ""), id])
    }
    try database.execute(sql: moved + rules)
  }

  /// `alone`: as a best it takes the place of all that its team has. `late`: it stands apart.
  private static let tables = """
    ALTER TABLE phase ADD COLUMN freeze INTEGER CHECK (freeze > opens);
    ALTER TABLE phase ADD COLUMN after_split TEXT;
    ALTER TABLE phase ADD COLUMN after_name TEXT CHECK ((after_name IS NULL) = (after_split IS NULL));
    ALTER TABLE phase ADD COLUMN late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1));
    ALTER TABLE phase ADD COLUMN entries INTEGER NOT NULL DEFAULT 1 CHECK (entries > 0);
    ALTER TABLE phase ADD COLUMN removed INTEGER;
    CREATE VIEW named_phase AS SELECT * FROM phase
      WHERE id IN (SELECT max(id) FROM phase GROUP BY benchmark, split, name) AND removed IS NULL;

    ALTER TABLE team ADD COLUMN organiser INTEGER NOT NULL DEFAULT 0 CHECK (organiser IN (0, 1));

    ALTER TABLE submission ADD COLUMN system TEXT NOT NULL DEFAULT '';
    ALTER TABLE submission ADD COLUMN alone INTEGER NOT NULL DEFAULT 1 CHECK (alone IN (0, 1));
    ALTER TABLE submission ADD COLUMN late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1));
    """

  private static let moved = """
    DROP TRIGGER board_follows;
    DROP TRIGGER released_is_examined;

    CREATE TABLE entry (
      benchmark TEXT NOT NULL, split TEXT NOT NULL, team INTEGER NOT NULL REFERENCES team (id),
      late INTEGER NOT NULL, system TEXT NOT NULL,
      submission INTEGER NOT NULL REFERENCES submission (id),
      PRIMARY KEY (benchmark, split, team, late, system)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO entry SELECT b.benchmark, b.split, b.team, s.late, s.system, s.id
      FROM board b JOIN submission s ON s.id = b.submission;
    DROP TABLE board;
    ALTER TABLE entry RENAME TO board;

    CREATE TABLE chosen (
      benchmark TEXT NOT NULL, split TEXT NOT NULL, phase TEXT NOT NULL,
      team INTEGER NOT NULL REFERENCES team (id), system TEXT NOT NULL,
      submission INTEGER NOT NULL REFERENCES submission (id),
      PRIMARY KEY (benchmark, split, phase, team, system)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO chosen SELECT c.benchmark, c.split, s.phase, c.team, '', s.id
      FROM choice c JOIN submission s ON s.id = c.submission;
    DROP TABLE choice;
    ALTER TABLE chosen RENAME TO choice;
    CREATE INDEX choice_submission ON choice (submission);

    """

  /// What a submission is looked at for is decided by its own phase. The organisers know the labels.
  private static let rules = """
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
