import Foundation

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
    let folder = "llmpathy/NewsEmp2024/"
    let plain = ["llm_empathy", "llm_empathy_plain"]
    return [
      ("trac3_EMP_train_llama.tsv", labels(splits.train, ["llm_empathy"]) { [$0.labels.llama] }),
      ("trac3_EMP_train_gpt.tsv", labels(splits.train, ["llm_empathy"]) { [$0.labels.gpt] }),
      ("trac3_EMP_dev_gpt.tsv", labels(splits.dev, ["llm_empathy"]) { [$0.labels.gpt] }),
      (
        "trac3_EMP_dev_llama_llama_plain.tsv",
        labels(splits.dev, plain) { [$0.labels.llama, $0.labels.llamaPlain] }
      ),
      (
        "test_data_with_labels/goldstandard_EMP_llama_llama_plain.tsv",
        labels(splits.test, plain) { [$0.labels.llama, $0.labels.llamaPlain] }
      ),
    ].map { (folder + $0.0, $0.1) }
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

  private func labels(
    _ split: SampleSplit, _ columns: [String], _ values: (SampleEssay) -> [Double]
  ) -> String {
    table(split, columns, separator: "\t", lineEnd: "\r\n") { essay in
      values(essay).map { Self.shortest($0, 9) }
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

  private func demographics(_ split: SampleSplit) -> String {
    var out =
      ([
        "id", "person_id", "gender", "education", "race", "age", "income",
        "iri_perspective_taking", "iri_personal_distress", "iri_fantasy",
        "iri_empathatic_concern", "personality_conscientiousness", "personality_openess",
        "personality_extraversion", "personality_agreeableness", "personality_stability",
      ]).joined(separator: ",") + "\n"
    for (index, number) in split.demographicsRows.enumerated() {
      let person = split.people[number]
      let known = person.demographics
      let codes = [known.gender, known.education, known.race, known.age, known.income]
      let cells =
        [String(index + 1), person.id] + codes.map { $0.map(String.init) ?? "unknown" }
        + person.iri.map { Self.decimals($0, 3) } + person.personality.map { Self.decimals($0, 1) }
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
    var scale = 1
    for _ in 0..<places { scale *= 10 }
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
