import Basics
import Metrics

extension Scorer {
  /// Why each of the benchmark's groups is withheld from a report on `predictions`.
  func reasonsToWithhold(_ predictions: Predictions, _ parts: [TargetRows]) -> [String?] {
    guard predictions.missingCount > 0, !groups.isEmpty else { return withheld }
    return DemographicGroups.reasons(
      toWithhold: groups, of: dataset, scored: parts.map(\.rows))
  }

  /// Figures by group; a withheld group has a reason, and figures beside it only where the options
  /// want them.
  /// - Parameter reasons: to withhold each of the benchmark's groups.
  func groupScores(_ parts: [TargetRows], _ reasons: [String?]) -> [GroupScores] {
    zip(groups, reasons).compactMap { group, reason in
      guard isWanted(group.attribute) else { return nil }
      var scores = GroupScores(attribute: group.attribute, group: group.name)
      scores.suppressed = reason
      if reason == nil || options.allGroups { add(group, parts, to: &scores) }
      return scores
    }
  }

  private func isWanted(_ attribute: String) -> Bool {
    options.attributes?.contains(attribute) ?? true
  }

  private func add(
    _ group: DemographicGroups.Group, _ parts: [TargetRows], to scores: inout GroupScores
  ) {
    let members = Set(group.rows)
    for part in parts {
      let numbers = part.rows.map { members.contains($0) ? 0 : nil as Int? }
      let reports = GroupReport.all(
        part.sample, part.predictions, groups: numbers, groupCount: 1, options: options.inference,
        method: options.method, primary: definition.primary.metric)
      guard let report = reports.first, report.rows > 0 else { continue }
      if scores.n == nil {
        (scores.n, scores.clusters) = (report.rows, report.clusters)
        scores.fewClusters = report.hasFewClusters ? true : nil
      }
      scores.targets[part.target] = TargetScores(report)
    }
  }

  /// The disparity test of each attribute and target over its groups that are not withheld, Holm over
  /// all attributes of the benchmark, whichever are asked for; nil where none is.
  func disparities(_ parts: [TargetRows], _ reasons: [String?]) -> [Disparity]? {
    guard definition.groups.contains(where: { isWanted($0.attribute) }) else { return nil }
    return parts.flatMap { part -> [Disparity] in
      var results = definition.groups.map { attribute in
        let shown = zip(groups, reasons).filter { $0.attribute == attribute.attribute && $1 == nil }
        return disparity(attribute, part, among: Set(shown.map(\.0.name)))
      }
      let tested = results.indices.filter { results[$0].p != nil }
      let adjusted = Adjustment.holm.adjust(tested.compactMap { results[$0].p })
      for (index, p) in zip(tested, adjusted) { results[index].adjusted = Rounding.p(p) }
      for index in tested { results[index].p = Rounding.p(results[index].p) }
      return results.filter { isWanted($0.attribute) }
    }
  }

  private func disparity(
    _ attribute: BenchmarkDefinition.GroupDefinition, _ part: TargetRows, among shown: Set<String>
  ) -> Disparity {
    var result = Disparity(attribute: attribute.attribute, target: part.target)
    var names: [String] = []
    let numbers = part.rows.map { row -> Int? in
      let value = dataset.rows[row].attributes[attribute.attribute]
      guard let name = definition.group(attribute, value), shown.contains(name) else { return nil }
      if let known = names.firstIndex(of: name) { return known }
      names.append(name)
      return names.count - 1
    }
    guard names.count > 1 else {
      result.undefined = "fewer than two groups are shown"
      return result
    }
    switch DisparityTest.run(
      part.sample, part.predictions, groups: numbers, groupCount: names.count,
      threshold: .standard, options: options.inference)
    {
    case .undefined(let reason): result.undefined = reason.rawValue
    case .value(let test):
      result.gap = Rounding.published(test.gap)
      result.statistic = test.statistic.isFinite ? Rounding.published(test.statistic) : nil
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

  /// The figures under the other clusterings, rows alone, and two crossed clusterings.
  func sensitivity(_ parts: [TargetRows]) -> [Sensitivity] {
    var results: [Sensitivity] = []
    for other in definition.clusters + [BenchmarkDefinition.rows] where other != cluster {
      var targets: TargetTable<TargetScores> = [:]
      var (clusters, few) = (0, false)
      for part in parts {
        let sample = resampled(part, by: other)
        (clusters, few) = (sample.clusterCount, sample.hasFewClusters)
        targets[part.target] = figures(part, sample)
      }
      if let average = averageScores(parts, by: other) {
        targets[definition.primary.target] = average
      }
      results.append(
        Sensitivity(cluster: other, clusters: clusters, fewClusters: few, targets: targets))
    }
    if let crossed = crossed(parts) { results.append(crossed) }
    return results
  }

  /// Two-way intervals by both clusterings; nil where the benchmark has not two.
  func crossed(_ parts: [TargetRows]) -> Sensitivity? {
    guard definition.clusters.count == 2 else { return nil }
    let (first, second) = (definition.clusters[0], definition.clusters[1])
    var targets: TargetTable<TargetScores> = [:]
    var (clusters, few) = (0, false)
    for part in parts {
      let sample = resampled(part, by: first)
      let crossing = resampled(part, by: second)
      let system = SystemInference(
        sample, predictions: part.predictions, options: options.inference)
      var scores = TargetScores()
      for metric in crossedMetrics(part.rows.count) {
        scores[metric] = ScoredFigure(
          system.figure(metric), system.twoWayInterval(metric, crossedWith: crossing.clusterOfRow))
      }
      targets[part.target] = scores
      clusters = min(sample.clusterCount, crossing.clusterCount)
      few = sample.hasFewClusters || crossing.hasFewClusters
    }
    if let average = crossedAverage(parts, first, second) {
      targets[definition.primary.target] = average
    }
    return Sensitivity(
      cluster: "\(first)+\(second)", clusters: clusters, fewClusters: few, targets: targets)
  }

  /// Rows up to which rank correlations, too, have intervals by two crossed clusterings: they take
  /// every pair of rows three times.
  private static let maxCrossedRankRows = 2_000

  func crossedMetrics(_ rows: Int) -> [Metric] {
    let areRanksWanted = options.ranks && rows <= Self.maxCrossedRankRows
    return Metric.all.filter {
      !$0.isOfRanks || areRanksWanted || $0 == definition.primary.metric
    }
  }

  /// The smallest difference in the primary metric that a comparison would find with 80% power.
  func detectable(_ part: TargetRows) -> DetectableDifference {
    let correlation = 0.9
    let metric = definition.primary.metric
    // Ranks take every pair of rows in each of them.
    let simulations = metric.isOfRanks ? 200 : 1000
    let outcome = PowerAnalysis.find(
      part.sample, part.predictions, metric: metric, power: 0.8, correlation: correlation,
      simulations: simulations, options: options.inference)
    return DetectableDifference(
      metric: metric, target: part.target,
      difference: Rounding.published(outcome.value?.difference), power: 0.8,
      level: InferenceOptions.alpha(options.inference.level), correlation: correlation,
      simulations: simulations, seed: options.inference.seed, undefined: outcome.reason?.rawValue)
  }
}

extension TargetScores {
  fileprivate init(_ report: GroupReport) {
    self.init()
    for (metric, figure) in report.figures {
      self[metric] = ScoredFigure(figure, report.intervals[metric])
    }
    goldSD = Rounding.published(report.goldDeviation.value)
    bias = Rounding.published(report.bias.value)
  }
}
