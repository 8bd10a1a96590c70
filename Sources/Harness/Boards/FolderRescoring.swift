import Basics
public import Foundation
import Metrics

extension Scorer {
  /// What ``SubmissionMetadata/scored`` keeps of an entry; nil where no target that it attempts has
  /// a label.
  public func record(of predictions: Predictions) throws(HarnessError) -> SubmissionMetadata.Scored?
  {
    guard definition.targetNames.contains(where: { rows($0, of: predictions) != nil }) else {
      return nil
    }
    let plain = options == ScoringOptions() ? self : try Scorer(definition, dataset: dataset)
    let report = ReleaseRule.open.release(try plain.score(predictions))
    let primary = definition.primary
    return SubmissionMetadata.Scored(
      state, primary: report.targets[primary.target]?[primary.metric]?.value,
      figures: try report.figuresDigest())
  }
}

/// Scores the entries of a submission folder anew and says so in their history.
public struct FolderRescoring {
  private let folder: SubmissionFolder
  private let scorer: Scorer

  public init(
    _ folder: SubmissionFolder, _ definition: BenchmarkDefinition, dataset: Dataset
  ) throws(HarnessError) {
    self.folder = folder
    scorer = try Scorer(definition, dataset: dataset)
  }

  /// Records present labels and scorer in each `submission.json` of the board, and an event where a
  /// figure changed. An entry that has them already is left alone, so that a call which was
  /// interrupted is completed by the next.
  /// - Parameters:
  ///   - why: published in the history; needed where a figure changes.
  ///   - day: `YYYY-MM-DD`.
  /// - Throws: ``HarnessError/usage(_:)`` without a reason that is needed: nothing is written then.
  public func run(
    why: String?, day: String, isDry: Bool, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(HarnessError) -> RescoreOutcome {
    let (definition, dataset) = (scorer.definition, scorer.dataset)
    let reader = PredictionReader(definition, dataset: dataset)
    let entries = try folder.entries().filter { entry in
      entry.metadata.benchmark == definition.id && entry.metadata.split == dataset.split
        && entry.predictions != nil
    }
    let stale = entries.filter { $0.metadata.scored?.state != scorer.state }
    var renewed: [SubmissionFolder.Entry] = []
    var changes: [RescoreOutcome.Change] = []
    for var entry in stale {
      defer { progress(renewed.count, stale.count) }
      guard let file = entry.predictions else { continue }
      let old = entry.metadata.scored
      entry.metadata.scored = try scorer.record(of: try reader.read(file))
      if let old, let new = entry.metadata.scored, old.figures != new.figures {
        changes.append(
          .init(
            id: entry.slug, team: entry.metadata.team, system: entry.metadata.system,
            before: old.primary, after: new.primary))
        entry.metadata.add(event(old, new, why: why ?? "", on: day))
      }
      renewed.append(entry)
    }
    let outcome = RescoreOutcome(
      board: BoardKey(benchmark: definition.id, split: dataset.split),
      before: stale.first { $0.metadata.scored != nil }?.metadata.scored?.state, now: scorer.state,
      entries: entries.count, alreadyScored: entries.count - stale.count, changes: changes,
      isApplied: !isDry)
    guard !isDry else { return outcome }
    if let reason = outcome.missingReason(why) { throw .usage(reason) }
    for entry in renewed { try folder.replace(entry) }
    return outcome
  }

  private func event(
    _ old: SubmissionMetadata.Scored, _ new: SubmissionMetadata.Scored, why: String, on day: String
  ) -> SubmissionMetadata.Event {
    let now = new.primary.map { Rounding.text($0) } ?? "undefined"
    let was = scorer.definition.primary.text(of: old.primary, until: day)
    return .init(day: day, kind: .rescored, text: "\(was), \(now) since: \(why)")
  }
}

extension SubmissionMetadata {
  /// The history stays in the order of its days.
  fileprivate mutating func add(_ event: Event) {
    var event = event
    event.day = max(event.day, history?.last?.day ?? event.day)
    history = (history ?? []) + [event]
  }
}
