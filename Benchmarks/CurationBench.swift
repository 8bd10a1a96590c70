import Foundation
import Reference

/// `invitro-bench curation messages.csv llama=LABELS.tsv gpt=LABELS.tsv`: every correction of
/// NewsEmp18's labels, compared by cross-validation over persons with a ridge regression on words.
///
/// `messages.csv` is NewsEmp18's; the label files are in LLMPathy's form, keyed by message_id.
func curationBench(arguments: [String]) throws {
  guard let csv = arguments.first, arguments.count > 1 else { throw CurationBenchError.usage }
  let rows = try quotedRows(of: URL(filePath: csv))
  guard let header = rows.first, let id = header.firstIndex(of: "message_id"),
    let person = header.firstIndex(of: "response_id"),
    let crowd = header.firstIndex(of: "empathy"), let essay = header.firstIndex(of: "essay")
  else { throw CurationBenchError.usage }
  var essays = rows.dropFirst().map { row in
    LabelledEssay(id: row[id], text: row[essay], person: row[person], crowd: Double(row[crowd]))
  }
  var models: [String] = []
  for argument in arguments.dropFirst() {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { throw CurationBenchError.usage }
    let labels = try LabelTable.read(URL(filePath: parts[1])).labels(
      "llm_empathy", by: ["message_id"], in: 1...7)
    essays = essays.map { $0.adding(parts[0], from: labels, key: $0.id) }
    models.append(parts[0])
  }
  let features = WordFeatures.extract(essays.map(\.text))
  essays = try LabelledEssay.addingTextRater(essays, features: features)
  print("| labels | changed | CCC | gain | its standard error |")
  print("|---|---|---|---|---|")
  for model in models {
    var grid = AlphaSelection.grid(llm: model)
    for third in ["text"] + models where third != model {
      grid.append(.soft(llm: model, third: third))
    }
    grid.append(.replace(llm: model))
    let selection = try AlphaSelection(essays, features: features, grid: grid, folds: 10)
    for candidate in selection.candidates {
      let figures = [candidate.ccc, candidate.gain, candidate.gainError]
        .map { String(format: "%.4f", $0) }.joined(separator: " | ")
      let mark = candidate == selection.best ? " (best)" : ""
      print("| \(candidate.correction.name)\(mark) | \(candidate.changed) | \(figures) |")
    }
  }
}

enum CurationBenchError: Error, CustomStringConvertible {
  case usage

  var description: String {
    "usage: invitro-bench curation messages.csv NAME=LABELS.tsv …"
  }
}
