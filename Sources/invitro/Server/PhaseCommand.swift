public import ArgumentParser
import Foundation
import Harness
import Metrics
public import Server

struct PhaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phase",
    abstract: "Set when a board takes submissions, how many, and who sees the scores.",
    subcommands: [Set.self, Show.self])

  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set the current phase of a board.",
      discussion: """
        Visibility: hidden (nobody sees scores), own (the team sees its own), public
        (everybody sees them, on the board).

        Hidden labels are guarded: of a submission one figure is shown, the board's
        primary metric on a coarse grid, and that only if it is higher on the grid than
        the team's best. --floor is the first value that is shown: give the score of
        your best baseline. What a team can learn of the labels at most is printed.

        Failed uploads are counted separately. A phase with the same name continues
        the counts; a phase with a new name starts them again.

        Example:
          invitro phase set -b newsemp24 -s test --name evaluation --visibility own \\
            --opens 2026-05-01 --closes 2026-05-15T12:00:00Z --floor 0.4
        """)

    @OptionGroup var split: SplitOptions
    @Option(help: "The phase's name.") var name: String = "open"
    @Option(help: "hidden, own or public.") var visibility: Phase.Visibility
    @Option(
      help: "Whether the split's labels are hidden or open. Default: what the benchmark says.")
    var labels: Phase.Labels?
    @Option(
      help:
        "First value of the primary metric that is shown, where labels are hidden: the best baseline's."
    )
    var floor: Double?
    @Option(help: "When it opens: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ, UTC. Default: now.")
    var opens: String?
    @Option(help: "When it closes; a day without a time means its first moment. Default: never.")
    var closes: String?
    @Option(help: "Valid submissions per team and day (UTC).") var daily: Int = 5
    @Option(
      help:
        "Valid submissions per team in the phase. Default: 10 where labels are hidden, else 100.")
    var total: Int?
    @Option(help: "Failed uploads per team and day.") var dailyFailing: Int = 20
    @Option(help: "Failed uploads per team in the phase.") var totalFailing: Int = 400
    @OptionGroup var data: DataOptions

    func run() throws {
      let (definition, split) = try split.resolve()
      let dataset = try data.home.load(definition, split: split)
      guard dataset.hasGold else {
        throw HarnessError.usage(
          "\(definition.id)/\(split) is blind: without gold labels nothing can be scored.")
      }
      let guarded = labels ?? (definition.open ? .open : .hidden)
      let phase = Phase(
        benchmark: definition.id, split: split, name: name,
        opens: try opens.map { try moment($0, option: "--opens") } ?? Date(),
        closes: try closes.map { try moment($0, option: "--closes") }, visibility: visibility,
        labels: guarded, grid: guarded == .hidden ? try grid(definition, dataset) : nil,
        valid: Phase.Quota(daily: daily, total: total ?? (guarded == .hidden ? 10 : 100)),
        failing: Phase.Quota(daily: dailyFailing, total: totalFailing))
      try data.store().setPhase(phase)
      Console.print(phase.text)
    }

    private func grid(
      _ definition: BenchmarkDefinition, _ dataset: Dataset
    ) throws -> ReleaseGrid {
      let metric = definition.primary.metric
      guard let floor else {
        throw ValidationError(
          "Hidden labels need --floor: the \(metric.title) of your best baseline. Scores below it are "
            + "not shown; without it every step from 0 on would tell of the labels.")
      }
      let grid = try ReleaseGrid.proposed(definition, dataset, floor: floor)
      if metric.higherIsBetter ? grid.floor <= 0 : grid.levels > 50 {
        Console.message(
          "A floor of \(floor) shows steps that serve attackers alone; the score of a baseline is safer."
        )
      }
      return grid
    }

  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the phase of every board.")

    @OptionGroup var shared: SharedOptions

    func run() throws {
      let phases = try shared.store().phases()
      if shared.json { return try Console.json(phases) }
      for phase in phases { Console.print(phase.text) }
    }
  }
}

/// A day or a moment, in UTC; a day is its first moment.
func moment(_ text: String, option: String) throws -> Date {
  let whole = text.count == 10 ? text + "T00:00:00Z" : text
  guard let date = try? Date(whole, strategy: .iso8601) else {
    throw ValidationError(
      "\(option) takes YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ (UTC), not '\(text)'.")
  }
  return date
}

extension Phase.Visibility: ExpressibleByArgument {}
extension Phase.Labels: ExpressibleByArgument {}
