/// Which file of an archive or a folder holds the predictions.
enum PredictionChoice {
  /// The name that the WASSA shared tasks ask for.
  static let wassaName = "predictions_EMP.tsv"
  private static let tables = ["tsv", "csv", "jsonl", "txt"]

  /// The place in `paths` of `predictions_EMP.tsv`, else of the only table.
  ///
  /// - Parameter more: endings that count as tables too.
  /// - Throws: ``HarnessError/invalid(_:)`` with what was found.
  static func choose(
    _ paths: [String], name: String, more: [String] = []
  ) throws(HarnessError) -> Int {
    func file(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }
    if let wassa = paths.firstIndex(where: { file($0) == wassaName }) { return wassa }
    let endings = tables + more
    let found = paths.indices.filter { place in
      endings.contains { file(paths[place]).lowercased().hasSuffix("." + $0) }
    }
    guard let only = found.first, found.count == 1 else {
      throw .invalid([
        Fault(
          .archive, file: name, found: paths.isEmpty ? "no files" : paths.joined(separator: ", "),
          expected: "\(wassaName), or a single .tsv, .csv or .jsonl file")
      ])
    }
    return only
  }

  /// Whether a path was left behind by a packer: `__MACOSX`, `._` files, `.DS_Store`.
  static func isIgnored(_ path: String) -> Bool {
    path.split(separator: "/").contains {
      $0 == "__MACOSX" || $0.hasPrefix("._") || $0 == ".DS_Store"
    }
  }
}
