public import Harness
public import Reference

extension InputSettings {
  /// The settings of a new run.
  ///
  /// - Parameters:
  ///   - context: rows of the same cluster before each, at most.
  ///   - cluster: whose rows are each other's context; nil takes the one named `conversation`.
  ///   - order: the attribute that orders them; nil for the order of the file.
  ///   - pair: the second text: `pair`, the name of its column, or an attribute.
  /// - Throws: ``StudyError/usage(_:)`` where the benchmark has no such cluster, attribute or column.
  public init(
    context: Int, by cluster: String?, order: String?, pair: String?, maxLength: Int,
    in definition: BenchmarkDefinition
  ) throws {
    self.init()
    self.maxLength = maxLength
    self.context = context
    if context > 0 { (contextBy, contextOrder) = (cluster ?? "conversation", order) }
    self.pair = pair
    let columns = ([definition.columns] + definition.splits.compactMap(\.columns)).compactMap(
      \.pair)
    if let pair, columns.contains(pair) { self.pair = Self.pairColumn }
    try check(
      definition.id, clusters: definition.clusters, attributes: definition.attributeNames,
      hasPairs: definition.hasPairs)
  }

  private func check(
    _ id: String, clusters: [String], attributes: [String], hasPairs: Bool
  ) throws {
    func list(_ names: [String]) -> String {
      names.isEmpty ? "none" : names.joined(separator: ", ")
    }
    if let contextBy, !clusters.contains(contextBy) {
      throw StudyError.usage(
        "\(id) has no cluster '\(contextBy)' to take a context from. It has: \(list(clusters)). "
          + "Name one with --context-by.")
    }
    if let contextOrder, !attributes.contains(contextOrder) {
      throw StudyError.usage(
        "\(id) has no attribute '\(contextOrder)' to order a context by. It has: "
          + "\(list(attributes)).")
    }
    guard let pair, !attributes.contains(pair), !(pair == Self.pairColumn && hasPairs) else {
      return
    }
    throw StudyError.usage(
      "\(id) has no second text '\(pair)'. It has: "
        + "\(list((hasPairs ? [Self.pairColumn] : []) + attributes)). A column of second texts is "
        + "named by columns.pair of the definition.")
  }

  /// What is read of each row of `dataset`, in its order; a context never leaves the split.
  /// - Throws: ``StudyError/usage(_:)`` where the split lacks what is to be read.
  public func inputs(of dataset: Dataset) throws -> [TextInput] {
    try check(
      dataset.benchmark, clusters: dataset.clusters, attributes: dataset.attributes,
      hasPairs: dataset.hasPairs)
    let contexts = try contexts(dataset)
    return dataset.rows.enumerated().map { place, row in
      let second = pair == Self.pairColumn && dataset.hasPairs ? row.pair : nil
      return TextInput(
        row.text, context: contexts[place].map { dataset.rows[$0].text },
        pair: pair.map { second ?? row.attributes[$0] ?? "" })
    }
  }

  /// The places of the rows before each row of its cluster, the oldest first.
  private func contexts(_ dataset: Dataset) throws -> [[Int]] {
    var contexts = Array(repeating: [Int](), count: dataset.rows.count)
    guard context > 0 else { return contexts }
    let order = try order(dataset)
    let clusters = Dictionary(grouping: order) { dataset.rows[$0].clusters[contextBy ?? ""] ?? "" }
    for (name, rows) in clusters where !name.isEmpty {
      for (place, row) in rows.enumerated() {
        contexts[row] = Array(rows[max(0, place - context)..<place])
      }
    }
    return contexts
  }

  /// The places of the rows, in the order of their turns.
  private func order(_ dataset: Dataset) throws -> [Int] {
    guard let contextOrder else { return Array(dataset.rows.indices) }
    let turns = try dataset.rows.map { row in
      guard let turn = row.attributes[contextOrder].flatMap(Double.init), turn.isFinite else {
        throw StudyError.usage(
          "\(dataset.benchmark)/\(dataset.split): row \(row.id) has no number as \(contextOrder), "
            + "which orders the context.")
      }
      return turn
    }
    return dataset.rows.indices.sorted { (turns[$0], $0) < (turns[$1], $1) }
  }
}

extension ModelTask {
  /// The targets of `definition` that the outputs predict: those that the user named, those that the
  /// model names, or the main one for an output without a name.
  /// - Throws: ``StudyError/usage(_:)`` where these are not as many as the outputs, or unknown.
  public func targets(
    of definition: BenchmarkDefinition, named: [String] = []
  ) throws -> [String] {
    let isUnnamed = outputs == [Self.unnamed(0)]
    let names = !named.isEmpty ? named : isUnnamed ? [definition.mainTarget] : outputs
    guard names.count == outputs.count else {
      throw StudyError.usage(
        "The model predicts \(outputs.joined(separator: ", ")): --target has to be given "
          + "\(outputs.count) times, or not at all.")
    }
    if let unknown = names.first(where: { definition.target($0) == nil }) {
      throw StudyError.usage(
        "\(definition.id) has no target '\(unknown)'. It has: "
          + "\(definition.targetNames.joined(separator: ", ")). Name those that the model predicts "
          + "with --target.")
    }
    guard Set(names).count == names.count else {
      throw StudyError.usage("Two outputs of the model are named \(names.joined(separator: ", ")).")
    }
    return names
  }
}
