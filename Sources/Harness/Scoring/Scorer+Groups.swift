import Basics
import Metrics

extension Scorer {
  /// Figures by group; a group below the publishing threshold has a reason instead.
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
      let reports = parts.compactMap { part -> (String, GroupReport)? in
        let numbers = part.rows.map { members.contains($0) ? 0 : nil as Int? }
        return GroupReport.all(
          part.sample, part.predictions, groups: numbers, groupCount: 1,
          threshold: .standard, options: options.inference, method: options.method
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
      scores.fewClusters = first.hasFewClusters ? true : nil
      for ((target, report), bare) in zip(reports, bare) {
        var figures = TargetScores(report)
        if bare.contains(group.attribute) { figures.withholdSums() }
        scores.targets[target] = figures
      }
      return scores
    }
  }

  /// The disparity test of each attribute and target, Holm over all attributes of the benchmark,
  /// whichever are shown; nil where none is.
  func disparities(_ parts: [TargetRows]) -> [Disparity]? {
    func isWanted(_ attribute: String) -> Bool { options.attributes?.contains(attribute) ?? true }
    guard definition.groups.contains(where: { isWanted($0.attribute) }) else { return nil }
    return parts.flatMap { part -> [Disparity] in
      var results = definition.groups.map { disparity($0, part) }
      let tested = results.indices.filter { results[$0].p != nil }
      let adjusted = Adjustment.holm.adjust(tested.compactMap { results[$0].p })
      for (index, p) in zip(tested, adjusted) { results[index].adjusted = Rounding.p(p) }
      for index in tested { results[index].p = Rounding.p(results[index].p) }
      return results.filter { isWanted($0.attribute) }
    }
  }

  private func disparity(
    _ attribute: BenchmarkDefinition.GroupDefinition, _ part: TargetRows
  ) -> Disparity {
    var result = Disparity(attribute: attribute.attribute, target: part.target)
    var names: [String] = []
    let numbers = part.rows.map { row -> Int? in
      let value = dataset.rows[row].attributes[attribute.attribute]
      guard let name = definition.group(attribute, value) else { return nil }
      if let known = names.firstIndex(of: name) { return known }
      names.append(name)
      return names.count - 1
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
        threshold: .standard, options: options.inference
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
      for metric in Metric.ranking {
        scores[metric] = ScoredFigure(
          system.figure(metric), system.twoWayInterval(metric, crossedWith: crossing.clusterOfRow))
      }
      targets[part.target] = scores
      clusters = min(sample.clusterCount, crossing.clusterCount)
      few = sample.hasFewClusters || crossing.hasFewClusters
    }
    return Sensitivity(
      cluster: "\(first)+\(second)", clusters: clusters, fewClusters: few, targets: targets)
  }

  /// The smallest difference in the primary metric that a comparison would find with 80% power.
  func detectable(_ part: TargetRows) -> DetectableDifference {
    let correlation = 0.9
    let simulations = 1000
    let metric = definition.primary.metric
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
  /// Leaves out what could be subtracted from the whole; see
  /// ``DemographicGroups/attributesWithoutSums(_:of:among:)``.
  fileprivate mutating func withholdSums() {
    self[.rmse] = ScoredFigure(
      undefined: "held back: the rest of the split would be too small to publish")
    goldSD = nil
    bias = nil
  }

  fileprivate init(_ report: GroupReport) {
    self.init()
    for (metric, figure) in report.figures {
      self[metric] = ScoredFigure(figure, report.intervals[metric])
    }
    goldSD = Rounding.published(report.goldDeviation.value)
    bias = Rounding.published(report.bias.value)
  }
}
