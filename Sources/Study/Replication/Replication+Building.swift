import Metrics

extension Replication {
  /// The report: every claim of `published` with what `measure` finds.
  ///
  /// - Parameters:
  ///   - setting: how and where ours was computed, in words.
  ///   - sweeps: ours; the published ones come first, and a sweep of the same title as one of those
  ///     joins its series.
  public init(
    _ published: Published, setting: String, sweeps: [Sweep] = [],
    experiments: [ExperimentSummary] = [],
    measure: (ClaimDefinition) throws -> Outcome
  ) rethrows {
    self.init(
      paper: published.source.title, paperURL: published.source.address, setting: setting,
      claims: try published.claims.map { definition in
        if definition.evidence == .publishedTables {
          return definition.claim.judged(published.counted(definition.claim))
        }
        return definition.claim.judged(try measure(definition))
      },
      errata: Published.errata, sweeps: published.sweeps, experiments: experiments)
    for sweep in sweeps {
      if let place = self.sweeps.firstIndex(where: { $0.title == sweep.title }) {
        self.sweeps[place].series += sweep.series
      } else {
        self.sweeps.append(sweep)
      }
    }
  }

  /// The paper's claims by verdict, or the checks against files.
  public func tally(_ origin: Origin = .paper) -> [(verdict: Verdict, count: Int)] {
    Verdict.allCases.map { verdict in
      (verdict, claims.count { $0.verdict == verdict && $0.origin == origin })
    }
  }

  /// The checks against files in one sentence.
  public var filesTally: String {
    let counts = Dictionary(
      uniqueKeysWithValues: tally(.files).map { ($0.verdict, $0.count) })
    let agree = counts[.replicated] ?? 0
    let differ = (counts[.notReplicated] ?? 0) + (counts[.noiseOnly] ?? 0)
    return "Of figures known from the published files and not from the paper, \(agree) agree, "
      + "\(differ) differ, \(counts[.notRun] ?? 0) were not run."
  }

  /// The parts of the report in their order, each with its claims.
  public var tables: [(title: String, claims: [Claim])] {
    var titles: [String] = []
    var members: [String: [Claim]] = [:]
    for claim in claims {
      if members[claim.table] == nil { titles.append(claim.table) }
      members[claim.table, default: []].append(claim)
    }
    return titles.map { ($0, members[$0] ?? []) }
  }
}

extension Published {
  /// Title of the plot of table V's threshold sweep.
  public static let alphaSweepTitle =
    "Table V: RoBERTa on NewsEmp24 and 22, Llama's corrections over the threshold"

  /// The series that the paper prints over a threshold.
  var sweeps: [Sweep] {
    let rows = training.filter {
      $0.table == "V" && $0.train == ["newsemp24", "newsemp22"] && $0.labels == "llama"
    }
    let series = Statistic.allCases.map { statistic in
      Sweep.Series(
        name: "published, \(statistic.rawValue) of five seeds",
        points: rows.compactMap { row in
          guard let alpha = row.alpha, let value = row.value(.pcc, statistic) else { return nil }
          return Sweep.Point(x: alpha, y: value)
        })
    }
    return [
      Sweep(
        title: Self.alphaSweepTitle, variable: "alpha", metric: "PCC", series: series)
    ]
  }

  /// What is checked with the published tables alone.
  func counted(_ claim: Replication.Claim) -> Replication.Outcome {
    let contest = labelContest
    switch claim.id {
    case "contest/wins": return .measured(.init(Double(contest.wins)))
    case "contest/verifiable": return .measured(.init(Double(contest.verifiable)))
    default: return .notRun("nothing is counted for it")
    }
  }
}
