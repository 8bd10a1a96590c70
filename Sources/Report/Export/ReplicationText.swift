import Basics
public import Study

/// A replication report as it is read.
public struct ReplicationText {
  private let replication: Replication
  /// Whether claims that were not run are listed one by one.
  private let all: Bool

  public init(_ replication: Replication, all: Bool) {
    (self.replication, self.all) = (replication, all)
  }

  public var document: ResultDocument {
    var parts: [ResultDocument.Part] = [
      .lines("\(replication.paper)\n\(replication.setting)")
    ]
    for (title, claims) in replication.tables {
      let shown = all ? claims : claims.filter { $0.verdict != .notRun }
      let reasons = all ? [] : Self.reasons(claims.filter { $0.verdict == .notRun })
      if shown.isEmpty {
        parts.append(.lines(([title] + reasons).joined(separator: "\n")))
      } else {
        parts.append(.table(Self.table(title, shown)))
        if !reasons.isEmpty { parts.append(.lines(reasons.joined(separator: "\n"))) }
      }
    }
    parts.append(
      .lines(
        "Errata and conventions\n"
          + replication.errata.map { "- \($0)" }.joined(separator: "\n")))
    parts.append(
      .lines(
        "The paper's claims: "
          + replication.tally().map { "\($0.count) \($0.verdict.rawValue)" }
          .joined(separator: ", ") + "\n" + replication.filesTally))
    return ResultDocument(parts, data: data)
  }

  /// A row a claim, whether it was run or not.
  private var data: ResultTable {
    ResultTable(
      "claims",
      [
        .text("id"), .text("part"), .text("claim"), .text("metric"), .number("published"),
        .number("first printed"), .number("ours"), .text("tolerance"), .number("seeds"),
        .number("mean"), .number("sd"), .interval("interval", key: "ours"), .text("verdict"),
      ],
      replication.claims.map { claim in
        [
          .text(claim.id), .text(claim.table), .text(claim.what), .text(claim.metric),
          .number(claim.published), .number(claim.printed), .number(claim.ours),
          .text(claim.expectation.text), .count(claim.seeds?.count), .number(claim.seeds?.mean),
          .number(claim.seeds?.sd), .interval(claim.low, claim.high),
          .text(claim.verdict.rawValue, remark: claim.note),
        ]
      })
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

  private static func table(_ title: String, _ claims: [Replication.Claim]) -> ResultTable {
    ResultTable(
      "claims", caption: title,
      [
        .text("claim"), .text("metric"), .number("published"), .number("ours"),
        .number("tolerance"), .text("seeds"), .interval("test-set interval", key: "ours"),
        .text("verdict"),
      ],
      claims.map { claim in
        let printed = claim.printed.map {
          "first printed \(Rounding.text($0, decimals: claim.decimals))"
        }
        let seeds = claim.seeds.map { seeds in
          let spread = seeds.sd.map { " ± \(Rounding.text($0, decimals: 3))" } ?? ""
          return "\(Rounding.text(seeds.mean, decimals: 3))\(spread) (\(seeds.count))"
        }
        return [
          .text(claim.what), .text(claim.metric),
          .number(claim.published, decimals: claim.decimals, remark: printed),
          .number(claim.ours, decimals: claim.decimals), .text(claim.expectation.text),
          .text(seeds), .interval(claim.low, claim.high, decimals: claim.decimals),
          .text(claim.verdict.rawValue + (claim.note.map { ": \($0)" } ?? "")),
        ]
      })
  }
}

extension PaperPart {
  /// A row a part.
  public static func document(_ parts: [PaperPart]) -> ResultDocument {
    let table = ResultTable(
      "parts",
      [
        .text("part"), .number("claims"), .text("what"), .text("ready experiment"), .text("note"),
      ],
      parts.map { part in
        [
          .text(part.part), part.claims == 0 ? .none("none") : .count(part.claims),
          .text(part.what), .text(part.experiment), .text(part.note),
        ]
      })
    return ResultDocument([.table(table)])
  }
}

extension Requirement.Finding {
  public var text: String {
    let ours = ours.map { "ours is \($0)" } ?? why ?? "not run"
    return "\(claim) \(required): \(holds ? "holds" : "does not hold"), \(ours)"
  }
}
