import Basics
import Foundation

extension Guesser {
  /// The definition, and what is said of it.
  func draft() throws(HarnessError) -> DefinitionDraft {
    if let question = questions.first {
      throw .usage("\(question.text) Name it with \(question.option).")
    }
    var remarks = remarks
    let scales = targets.map { target($0, &remarks) }
    let splits = try splits()
    let by = clusters.first { $0.name == request.by || $0.column == request.by } ?? clusters.first
    if let wanted = request.by, by?.name != wanted && by?.column != wanted {
      throw .usage("--by takes one of the clusters; found '\(wanted)'.")
    }
    let derived = try request.derived(by: by?.name)
    let noun = request.rowNoun ?? rowNoun
    if request.licence == nil {
      remarks.append("The licence is not stated: set `licence`, and `source` and `description`.")
    }
    let names = splits.map(\.name) + (derived?.splits.map(\.name) ?? [])
    let definition = BenchmarkDefinition(
      schema: 1, id: request.name, title: request.title ?? Self.heading(request.name),
      description: "\(noun.plural.prefix(1).uppercased() + noun.plural.dropFirst()) of "
        + "\(request.file.lastPathComponent).",
      licence: request.licence ?? "Not stated", source: "Its organisers", open: false,
      rowNoun: noun, targets: scales, clusters: clusters.map(\.name), track: nil,
      primary: try request.primary(of: scales),
      defaultSplit: names.first { $0.lowercased().hasPrefix("test") } ?? names.last ?? "all",
      splits: splits, derived: derived,
      columns: BenchmarkDefinition.ColumnMap(
        id: ids, text: text, targets: Self.map(targets), clusters: Self.map(clusters),
        attributes: attributes.isEmpty ? nil : Self.map(attributes)),
      groups: attributes.compactMap(group), missing: missing, quirks: [], statement: nil,
      papers: nil)
    if let note = definition.clusterNote {
      remarks.append(
        note
          + " Where several come from one person or conversation, name that column with --cluster."
      )
    }
    let faults = try DefinitionCheck.read(
      HarnessError.wrapping { () throws(BasicsError) in try CanonicalJSON.document(definition) },
      name: "the definition of \(request.name)"
    ).faults
    if !faults.isEmpty { throw .invalid(faults) }
    let columns = sketches.map { sketch in
      let known = roles[sketch.name] ?? ("not used", "")
      return DefinitionDraft.Column(
        name: sketch.name, role: known.role, why: known.why, summary: sketch.summary)
    }
    return DefinitionDraft(
      definition: definition, columns: columns, remarks: remarks, rows: table.records.count)
  }

  private static func map(_ named: [DraftRequest.Named]) -> [String: String] {
    Dictionary(named.map { ($0.name, $0.column) }) { first, _ in first }
  }

  private static func heading(_ id: String) -> String {
    id.prefix(1).uppercased() + id.dropFirst().replacing("-", with: " ")
  }

  /// A target with the range that was given or that its labels lie in.
  private func target(_ named: DraftRequest.Named, _ remarks: inout [String]) -> Target {
    let sketch = sketch(named.column)
    let labels = sketch?.range ?? 0...1
    let scale = named.range ?? PlausibleScale.around(labels)
    let ends = [scale.lowerBound, scale.upperBound].map(ColumnSketch.text)
    if named.range == nil {
      let seen = [labels.lowerBound, labels.upperBound].map(ColumnSketch.text)
      remarks.append(
        "Labels of \(named.name) reach from \(seen[0]) to \(seen[1]); the scale is taken to be "
          + "\(ends[0]) to \(ends[1]). Predictions may go beyond it, labels may not.")
    }
    let outside = (sketch?.counts ?? [:]).reduce(0) { sum, value in
      sum + (Double(value.key).map(scale.contains) ?? true ? 0 : value.value)
    }
    if outside > 0 {
      remarks.append(
        "\(outside) labels of \(named.name) lie outside \(ends[0]) to \(ends[1]): the import will "
          + "refuse them and name their lines.")
    }
    return Target(name: named.name, low: scale.lowerBound, high: scale.upperBound)
  }

  /// One split `all`, or one for each value of the split column: train, dev and test first.
  private func splits() throws(HarnessError) -> [BenchmarkDefinition.SplitSource] {
    let file = request.file.lastPathComponent
    guard let column = splitColumn, let sketch = sketch(column) else {
      return [BenchmarkDefinition.SplitSource(name: "all", file: file, format: format)]
    }
    guard sketch.missing == 0, sketch.distinct <= 20 else {
      throw .fault(
        .metadata, file: table.name,
        found:
          "\(sketch.distinct) different values and \(sketch.missing) empty ones in '\(column)'",
        expected: "the name of a split in each row, at most 20 different ones")
    }
    func rank(_ name: String) -> Int {
      let order = ["train", "dev", "val", "test"]
      return order.firstIndex { name.lowercased().hasPrefix($0) } ?? order.count
    }
    let values = sketch.counts.keys.sorted { (rank($0), $0) < (rank($1), $1) }
    return values.map { value in
      let name = value.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" }
      return BenchmarkDefinition.SplitSource(
        name: String(name), file: file, format: format, only: [column: value])
    }
  }

  /// `turn` for ids in a column `turn` or `turn_id`.
  private var rowNoun: String {
    let words = ids.last.flatMap(sketch)?.words.subtracting(["id", "uid", "index", "no"]) ?? []
    guard words.count == 1, let noun = words.first, noun.allSatisfy(\.isLetter), noun.count > 2,
      noun != "unnamed"
    else { return "row" }
    return noun
  }

  private var missing: [String] {
    sketches.reduce(into: Set<String>()) { $0.formUnion($1.missingCells) }.sorted()
  }
}
