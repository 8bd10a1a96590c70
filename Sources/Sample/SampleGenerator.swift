import Basics
public import Foundation
import Harness

/// What `SampleGenerator.write` wrote.
public struct SampleSummary: Codable, Equatable, Sendable {
  public struct Split: Codable, Equatable, Sendable {
    public let name: String
    public let rows: Int
    /// Essays that differ; nil where rows are none.
    public let essays: Int?
    public let persons: Int
    /// nil where rows are persons.
    public let articles: Int?
  }

  public let seed: UInt64
  /// Train, dev and, of essays, test, in this order.
  public let splits: [Split]
  /// Paths below the folder, in the order they were written.
  public let files: [String]
}

/// Writes `sample24`, a synthetic set in the layout and with the quirks of NewsEmp24: essays and
/// demographics of three splits (1000, 63 and 83 rows), simulated labels of language models and
/// four example systems for the test split.
/// Texts are composed from the program's own phrases around a hidden strength of empathy; labels in
/// [1, 7] are means of simulated clicks. Nothing comes from a person, and a seed gives the same
/// bytes everywhere.
public struct SampleGenerator: Sendable {
  public let seed: UInt64
  /// The essays, or another track's rows of the same persons and conversations.
  public let track: SampleTrack

  public init(seed: UInt64, track: SampleTrack = .emp) { (self.seed, self.track) = (seed, track) }

  /// Writes the set to `folder`, which must be new or empty: everything, or nothing.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` for a folder that holds something, `BasicsError`.
  public func write(to folder: URL) throws -> SampleSummary {
    try Self.checkIsFree(folder)
    let phrases = try SamplePhrases()
    let splits = SampleSplits(phrases, seed: seed)
    let others = SampleTrackFiles(track: track, phrases: phrases, splits: splits, seed: seed)
    let files = try track == .emp ? content(splits) : others.all()
    let draft = folder.deletingLastPathComponent()
      .appending(path: ".\(folder.lastPathComponent).\(UUID().uuidString).part")
    do {
      for file in files {
        try AtomicFile.write(Data(file.text.utf8), to: draft.appending(path: file.path))
      }
      // An empty folder gives way; one that filled up in the meantime makes this fail.
      try AtomicFile.rename(draft, to: folder)
    } catch {
      try? FileManager.default.removeItem(at: draft)
      throw error
    }
    return SampleSummary(
      seed: seed, splits: track == .emp ? splits.all.map(Self.summary) : others.summaries,
      files: files.map(\.path))
  }

  private func content(_ splits: SampleSplits) throws -> [(path: String, text: String)] {
    var files = SampleFiles(splits: splits).all
    for system in SampleSystems(seed: seed, splits: splits).all {
      let card = String(decoding: try CanonicalJSON.document(system.card), as: UTF8.self)
      files.append(("systems/\(system.slug)/system.json", card))
      let lines = system.predictions.map { row in
        SampleFiles.decimals(row.empathy, 4) + "\t" + SampleFiles.decimals(row.distress, 4) + "\n"
      }
      files.append(("systems/\(system.slug)/predictions_EMP.tsv", lines.joined()))
    }
    return files
  }

  private static func checkIsFree(_ folder: URL) throws(HarnessError) {
    let manager = FileManager.default
    guard manager.fileExists(atPath: folder.path) else { return }
    let names = try? manager.contentsOfDirectory(atPath: folder.path)
    guard names?.isEmpty == true else {
      throw .conflict(
        what: names == nil
          ? "\(folder.path) is not a folder that can be read"
          : "\(folder.path) holds files already", hint: "Name a folder that is new or empty.")
    }
  }

  private static func summary(_ split: SampleSplit) -> SampleSummary.Split {
    let used = split.rows.map { split.essays[$0.essay] }
    return SampleSummary.Split(
      name: split.name, rows: split.rows.count, essays: split.essays.count,
      persons: Set(used.map(\.person)).count, articles: Set(used.map(\.article)).count)
  }
}

/// The sample as files: names, columns and escapes of NewsEmp24 and of the LLMPathy labels.
struct SampleFiles {
  let splits: SampleSplits

  /// Path below the sample's folder, and content.
  var all: [(path: String, text: String)] {
    [
      ("trac3_EMP_train.csv", essays(splits.train)), ("trac3_EMP_dev.csv", essays(splits.dev)),
      ("goldstandard_EMP.csv", essays(splits.test)),
      ("trac4_PER_train.csv", demographics(splits.train)),
      ("trac4_PER_dev.csv", demographics(splits.dev)),
      ("goldstandard_PER.csv", demographics(splits.test)),
    ] + models
  }

  private var models: [(path: String, text: String)] {
    let both = [\SampleRatings.Labels.llama, \.llamaPlain]
    let files: [(String, SampleSplit, [KeyPath<SampleRatings.Labels, Double>])] = [
      ("trac3_EMP_train_llama.tsv", splits.train, [\.llama]),
      ("trac3_EMP_train_gpt.tsv", splits.train, [\.gpt]),
      ("trac3_EMP_dev_gpt.tsv", splits.dev, [\.gpt]),
      ("trac3_EMP_dev_llama_llama_plain.tsv", splits.dev, both),
      ("test_data_with_labels/goldstandard_EMP_llama_llama_plain.tsv", splits.test, both),
    ]
    return files.map { name, split, labels in
      let columns = Array(["llm_empathy", "llm_empathy_plain"].prefix(labels.count))
      let text = table(split, columns, separator: "\t", lineEnd: "\r\n") { essay in
        labels.map { Self.shortest(essay.labels[keyPath: $0], 9) }
      }
      return ("llmpathy/NewsEmp2024/" + name, text)
    }
  }

  private func essays(_ split: SampleSplit) -> String {
    let columns = ["person_essay", "person_empathy", "person_distress"]
    return table(split, columns, separator: ",", lineEnd: "\n") { essay in
      [
        Self.quoted(essay.text), Self.decimals(essay.labels.crowdEmpathy, 6),
        Self.decimals(essay.labels.crowdDistress, 6),
      ]
    }
  }

  /// A line a row; those of dev are numbered.
  private func table(
    _ split: SampleSplit, _ columns: [String], separator: String, lineEnd: String,
    _ cells: (SampleEssay) -> [String]
  ) -> String {
    let keys = ["conversation_id", "article_id", "person_id"]
    var lines = [keys + columns]
    for row in split.rows {
      let essay = split.essays[row.essay]
      let keys = [String(row.conversation), String(essay.article), split.person(of: row).id]
      lines.append(keys + cells(essay))
    }
    if split.name == "dev" { lines = lines.enumerated().map { [$0 == 0 ? "id" : String($0)] + $1 } }
    return lines.map { $0.joined(separator: separator) + lineEnd }.joined()
  }

  /// - Parameter hidesPersonality: writes NULL for the traits, which are the labels of track 4.
  func demographics(_ split: SampleSplit, hidesPersonality: Bool = false) -> String {
    var out = """
      id,person_id,gender,education,race,age,income,iri_perspective_taking,iri_personal_distress,\
      iri_fantasy,iri_empathatic_concern,personality_conscientiousness,personality_openess,\
      personality_extraversion,personality_agreeableness,personality_stability

      """
    for (index, number) in split.demographicsRows.enumerated() {
      let person = split.people[number]
      let known = person.demographics
      let codes = [known.gender, known.education, known.race, known.age, known.income]
      let cells =
        [String(index + 1), person.id] + codes.map { $0.map(String.init) ?? "unknown" }
        + person.iri.map { Self.decimals($0, 3) }
        + person.personality.map {
          hidesPersonality ? "NULL" : Self.decimals($0, 1)
        }
      out += cells.joined(separator: ",") + "\n"
    }
    return out
  }

  /// A field as the organisers write it: quoted where it must be, a quote inside as `\"`.
  static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A }) else { return text }
    return "\"" + text.replacing("\"", with: "\\\"") + "\""
  }

  /// `value` (at least 0) with a fixed number of decimals, by integer arithmetic.
  static func decimals(_ value: Double, _ places: Int) -> String {
    let scale = (0..<places).reduce(1) { scale, _ in 10 * scale }
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
  }

  /// As `decimals`, without zeros at the end: `5.766666667`, `4.5`, `1`.
  static func shortest(_ value: Double, _ places: Int) -> String {
    var text = decimals(value, places)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }
}
