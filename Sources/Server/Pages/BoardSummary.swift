import Foundation
import Harness
import Metrics

/// A board as the page for submitting shows it: its phase, until when, and what a team may send.
struct BoardSummary: Encodable {
  let path, name, state: String
  let phase: String
  let isOpen: Bool
  let opens: Moment
  let closes, freeze: Moment?
  /// What the phase says beyond that, a sentence each.
  let rules: [String]
  let limits: String
  /// Of the team that is signed in; nil for nobody and where there are no quotas.
  let left: String?
  /// The built site's page of it, from the site's root; nil where there is none.
  let page: String?

  init(
    _ phase: Phase, of definition: BenchmarkDefinition, usage: QuotaUsage?, page: String?,
    at now: Date
  ) {
    (path, name) = (phase.board.path, "\(definition.title), \(phase.split)")
    self.phase = phase.name
    isOpen = phase.closed == nil && phase.isOpen(at: now)
    state =
      isOpen
      ? phase.isFrozen(at: now) ? "open, frozen for the public" : "open"
      : now < phase.opens ? "not open yet" : "closed"
    (opens, closes) = (Moment(phase.opens), phase.closes.map(Moment.init))
    freeze = phase.freeze.map(Moment.init)
    let quota = phase.valid
    limits = "\(quota.daily) a day and \(quota.total) in this phase"
    left = usage?.left(of: phase).words
    self.page = page
    rules = Self.rules(phase, definition)
  }

  private static func rules(_ phase: Phase, _ definition: BenchmarkDefinition) -> [String] {
    let primary = definition.primary
    var rules = ["Systems are ranked by \(primary.metric.title) of \(primary.target)."]
    switch phase.visibility {
    case .public: rules.append("Scores are public.")
    case .own: rules.append("A team sees its own scores alone.")
    case .hidden: rules.append("Scores are not shown in this phase.")
    }
    if phase.isFinal {
      rules.append("Submissions are scored once, when the phase closes.")
    } else if phase.labels == .hidden {
      rules.append(
        "The labels are hidden: one rounded figure is released of a submission, and only where it is "
          + "higher than your best.")
    }
    if phase.isLate { rules.append("The phase is late: submissions are scored and not ranked.") }
    if let after = phase.after {
      rules.append(
        "Only teams with a complete submission in phase \(after.name) of \(after.split) may submit."
      )
    }
    rules.append(
      phase.entries == 1
        ? "A team has one entry on the board: its last best."
        : "A team may have \(phase.entries) systems on the board.")
    rules.append(
      "Files with errors are counted separately, up to \(phase.failing.daily) a day. Checking a file "
        + "costs nothing.")
    return rules
  }
}
