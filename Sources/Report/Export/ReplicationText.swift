import Basics
public import Study

/// A replication report for the terminal and for programs.
public struct ReplicationText {
  private let replication: Replication
  /// Whether claims that were not run are listed one by one.
  private let all: Bool

  public init(_ replication: Replication, all: Bool) {
    (self.replication, self.all) = (replication, all)
  }

  public var text: String {
    var parts = ["\(replication.paper)\n\(replication.setting)"]
    for (title, claims) in replication.tables {
      let shown = all ? claims : claims.filter { $0.verdict != .notRun }
      var lines = [title]
      if !shown.isEmpty { lines.append(Self.table(shown)) }
      if !all { lines += Self.reasons(claims.filter { $0.verdict == .notRun }) }
      parts.append(lines.joined(separator: "\n"))
    }
    parts.append(
      "Errata and conventions\n" + replication.errata.map { "- \($0)" }.joined(separator: "\n"))
    parts.append(
      "The paper's claims: "
        + replication.tally().map { "\($0.count) \($0.verdict.rawValue)" }
        .joined(separator: ", ") + "\n" + replication.filesTally)
    return parts.joined(separator: "\n\n")
  }

  /// How many claims were not run, by reason.
  private static func reasons(_ claims: [Replication.Claim]) -> [String] {
    let reasons = claims.map { $0.note ?? "no reason is known" }
    let counts = Dictionary(reasons.map { ($0, 1) }, uniquingKeysWith: +)
    return reasons.unique().map { why in
      let count = counts[why] ?? 0
      return "  \(count) claim\(count == 1 ? "" : "s") not run: \(why)"
    }
  }

  private static func table(_ claims: [Replication.Claim]) -> String {
    let rows = claims.map { claim in
      func text(_ value: Double?) -> String { TextTable.cell(value, decimals: claim.decimals) }
      let printed = claim.printed.map { " (first printed \(text($0)))" } ?? ""
      let seeds = claim.seeds.map { seeds in
        let spread = seeds.sd.map { " ± \(Rounding.text($0, decimals: 3))" } ?? ""
        return "\(Rounding.text(seeds.mean, decimals: 3))\(spread) (\(seeds.count))"
      }
      let interval = TextTable.interval(claim.low, claim.high, decimals: claim.decimals)
      return [
        claim.what, claim.metric, text(claim.published) + printed, text(claim.ours),
        claim.expectation.text, seeds ?? "", interval ?? "",
        claim.verdict.rawValue + (claim.note.map { ": \($0)" } ?? ""),
      ]
    }
    return TextTable.text(
      [
        "claim", "metric", ">published", ">ours", ">tolerance", "seeds", "test-set interval",
        "verdict",
      ], rows)
  }
}

extension PaperPart {
  /// A row a part, for a terminal.
  public static func table(_ parts: [PaperPart]) -> String {
    TextTable.text(
      ["part", ">claims", "what", "ready experiment", "note"],
      parts.map { part in
        [
          part.part, part.claims == 0 ? "none" : "\(part.claims)", part.what, part.experiment ?? "",
          part.note ?? "",
        ]
      })
  }
}

extension Requirement.Finding {
  public var text: String {
    let ours = ours.map { "ours is \($0)" } ?? why ?? "not run"
    return "\(claim) \(required): \(holds ? "holds" : "does not hold"), \(ours)"
  }
}
