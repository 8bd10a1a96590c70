import Basics
import Metrics

extension Scorer {
  /// Figures by demographic group; a group below the publishing threshold has a reason instead.
  func groups(_ parts: [TargetRows]) -> [GroupScores] {
    let groups = DemographicGroups.all(
      of: dataset, definition: definition, attributes: options.attributes)
    guard !groups.isEmpty else { return [] }
    let bare = parts.map { part in
      DemographicGroups.attributesWithoutSums(groups, of: dataset, among: Set(part.rows))
    }
    return groups.map { group in
      var scores = GroupScores(attribute: group.attribute, group: group.name)
      let members = Set(group.rows)
      let reports = parts.compactMap { part -> (Target, GroupReport)? in
        let numbers = part.rows.map { members.contains($0) ? 0 : nil as Int? }
        return GroupReport.all(
          part.sample, part.predictions, groups: numbers, groupCount: 1,
          options: options.inference, method: options.method
        ).first.map { (part.target, $0) }
      }
      // The threshold counts the rows that were scored: dropping rows may push a group under it.
      guard group.isPublishable, let (_, first) = reports.first,
        reports.allSatisfy({ !$0.1.isSuppressed })
      else {
        scores.suppressed = DemographicGroups.tooSmall
        return scores
      }
      scores.n = first.rows
      scores.clusters = first.clusters
      for ((target, report), bare) in zip(reports, bare) {
        var figures = GroupTargetScores(report)
        if bare.contains(group.attribute) { figures.withholdSums() }
        switch target {
        case .empathy: scores.empathy = figures
        case .distress: scores.distress = figures
        }
      }
      return scores
    }
  }

  /// The disparity test of each attribute and target, Holm over a target's attributes; nil where
  /// the benchmark has no demographics.
  func disparities(_ parts: [TargetRows]) -> [Disparity]? {
    let wanted = definition.groups.filter {
      options.attributes?.contains($0.attribute) ?? true
    }
    guard !wanted.isEmpty else { return nil }
    return parts.flatMap { part -> [Disparity] in
      var results = wanted.map { disparity($0, part) }
      let tested = results.indices.filter { results[$0].p != nil }
      let adjusted = Adjustment.holm.adjust(tested.compactMap { results[$0].p })
      for (index, p) in zip(tested, adjusted) { results[index].adjusted = Rounding.published(p) }
      for index in tested { results[index].p = Rounding.published(results[index].p) }
      return results
    }
  }

  private func disparity(
    _ attribute: BenchmarkDefinition.GroupDefinition, _ part: TargetRows
  ) -> Disparity {
    var result = Disparity(attribute: attribute.attribute, target: part.target)
    var names: [String] = []
    let numbers = part.rows.map { row -> Int? in
      let value = dataset.rows[row].demographics[attribute.attribute]
      guard let name = definition.group(attribute, value) else { return nil }
      if let known = names.firstIndex(of: name) { return known }
      names.append(name)
      return names.count - 1
    }
    switch DisparityTest.run(
      part.sample, part.predictions, groups: numbers, groupCount: names.count,
      options: options.inference)
    {
    case .undefined(let reason):
      result.undefined = reason.rawValue
    case .value(let test):
      result.gap = Rounding.published(test.gap)
      result.p = test.p
      let scores = GroupReport.all(
        part.sample, part.predictions, groups: numbers, groupCount: names.count,
        options: options.inference
      ).filter { test.groups.contains($0.group) }
      let ranked = scores.compactMap { report in
        report.figures[.ccc]?.value.map { (names[report.group], $0) }
      }.sorted { $0.1 < $1.1 }
      result.lowest = ranked.first?.0
      result.highest = ranked.last?.0
    }
    return result
  }

  /// The figures under article and person × article clustering.
  func sensitivity(_ parts: [TargetRows]) -> [Sensitivity] {
    var results: [Sensitivity] = []
    guard let main = parts.first else { return results }
    for cluster in ScoringOptions.Cluster.allCases where cluster != options.cluster {
      var changed = options
      changed.cluster = cluster
      var targets: TargetTable<TargetScores> = [:]
      var clusters = 0
      for part in parts {
        let sample = resampled(part, by: cluster)
        clusters = sample.clusterCount
        targets[part.target] = TargetScores(
          SystemInference(sample, predictions: part.predictions, options: options.inference),
          options)
      }
      results.append(
        Sensitivity(
          cluster: cluster.rawValue, clusters: clusters,
          fewClusters: clusters < ClusteredSample.fewClusters, targets: targets))
    }
    results.append(crossed(parts, main))
    return results
  }

  private func resampled(
    _ part: TargetRows, by cluster: ScoringOptions.Cluster
  ) -> ClusteredSample {
    switch cluster {
    case .person:
      ClusteredSample(gold: part.sample.gold, clusters: part.rows.map { dataset.rows[$0].person })
    case .article:
      ClusteredSample(gold: part.sample.gold, clusters: part.rows.map { dataset.rows[$0].article })
    case .row: ClusteredSample(rows: part.sample.gold)
    }
  }

  /// Two-way intervals, person × article.
  private func crossed(_ parts: [TargetRows], _ main: TargetRows) -> Sensitivity {
    var targets: TargetTable<TargetScores> = [:]
    var clusters = 0
    for part in parts {
      let person = resampled(part, by: .person)
      let articles = part.rows.map { dataset.rows[$0].article }
      let system = SystemInference(
        person, predictions: part.predictions, options: options.inference)
      var scores = TargetScores()
      scores.pcc = ScoredFigure(
        system.figure(.pcc), system.twoWayInterval(.pcc, crossedWith: articles))
      scores.ccc = ScoredFigure(
        system.figure(.ccc), system.twoWayInterval(.ccc, crossedWith: articles))
      scores.rmse = ScoredFigure(
        system.figure(.rmse), system.twoWayInterval(.rmse, crossedWith: articles))
      scores.mae = ScoredFigure(
        system.figure(.mae), system.twoWayInterval(.mae, crossedWith: articles))
      targets[part.target] = scores
      clusters = min(person.clusterCount, Set(articles).count)
    }
    return Sensitivity(
      cluster: "person+article", clusters: clusters,
      fewClusters: clusters < ClusteredSample.fewClusters, targets: targets)
  }

  /// The smallest difference in the primary metric that a comparison would find with 80% power.
  func detectable(_ part: TargetRows) -> DetectableDifference {
    let correlation = 0.9
    let simulations = 1000
    let metric = Metric(rawValue: definition.primary.metric) ?? .pcc
    let outcome = Metrics.DetectableDifference.find(
      part.sample, part.predictions, metric: metric, power: 0.8, correlation: correlation,
      simulations: simulations, options: options.inference)
    return DetectableDifference(
      metric: metric.rawValue, target: part.target,
      difference: Rounding.published(outcome.value?.difference), power: 0.8,
      level: 1 - options.inference.level, correlation: correlation, simulations: simulations,
      seed: options.inference.seed, undefined: outcome.reason?.rawValue)
  }
}

extension GroupTargetScores {
  /// Leaves out what could be subtracted from the whole; see
  /// ``DemographicGroups/attributesWithoutSums(_:of:among:)``.
  fileprivate mutating func withholdSums() {
    rmse = ScoredFigure(undefined: "held back: the rest of the split would be too small to publish")
    goldSD = nil
    bias = nil
  }

  init(_ report: GroupReport) {
    func figure(_ metric: Metric) -> ScoredFigure {
      ScoredFigure(
        report.figures[metric] ?? .undefined(.tooSmallToPublish), report.intervals[metric])
    }
    self.init(
      pcc: figure(.pcc), ccc: figure(.ccc), rmse: figure(.rmse),
      goldSD: Rounding.published(report.goldDeviation.value),
      bias: Rounding.published(report.bias.value))
  }
}
