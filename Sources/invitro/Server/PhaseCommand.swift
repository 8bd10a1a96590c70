public import ArgumentParser
import Foundation
import Harness
import Metrics
public import Server

struct PhaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phase",
    abstract: "Set when a board takes submissions, how many, and who sees the scores.",
    subcommands: [
      Set.self, Show.self, Remove.self, Close.self, Reveal.self, Retire.self, Commitment.self,
    ])

  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set a phase of a board, from now on or ahead of time.",
      discussion: """
        A board has a list of phases. The current one is the one that opened last; it
        ends at --closes, or when the next one opens. The same name sets a phase anew.

        Visibility: hidden (nobody sees scores), own (the team sees its own), public
        (everybody sees them, on the board).

        Hidden labels are guarded: of a submission one figure is shown, the board's
        primary metric on a coarse grid, and that only if it is higher on the grid than
        the team's best. --floor is the first value that is shown: give the score of
        your best baseline. What a team can learn of the labels at most is printed, and
        added up over teams, phases and closes: over a quarter of what the labels hold
        takes --over-budget and a reason. At the close the figure is released in two
        decimals (an error in a tenth of the step). With --final it is the only one:
        nothing is told before.

        With --late submissions are scored and shown apart, without a rank. With
        --entries N each of a team's systems has a best of its own, up to N systems.

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
        "First value of the primary metric that is shown, where labels are hidden: a number; baselines, the best of the organisers' entries of that kind; or published, the best that a paper claims."
    )
    var floor: String?
    @Option(help: "The folder of submissions that --floor looks in.", completion: .directory)
    var submissions: String = "submissions"
    @Flag(help: "Score submissions at the close, once, and tell nothing before.")
    var final = false
    @OptionGroup var budget: BudgetOption
    @Option(help: "When it opens: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ, UTC. Default: now.")
    var opens: String?
    @Option(help: "When it closes; a day without a time means its first moment. Default: never.")
    var closes: String?
    @Option(help: "From when until the close the public sees the board as it was.")
    var freeze: String?
    @Option(
      help: ArgumentHelp(
        "Take only teams with a complete submission in that phase, of this board or another split.",
        valueName: "[split/]name"))
    var after: String?
    @Flag(help: "Score submissions without ranking them.") var late = false
    @Option(help: "Systems of a team that have an entry of their own.") var entries: Int = 1
    @Option(help: "Valid submissions per team and day (UTC).") var daily: Int = 5
    @Option(
      help:
        "Valid submissions per team in the phase. Default: 10 where labels are hidden, else 100.")
    var total: Int?
    @Option(help: "Failed uploads per team and day.") var dailyFailing: Int = 20
    @Option(help: "Failed uploads per team in the phase.") var totalFailing: Int = 400
    @OptionGroup var data: DataOptions

    func run() throws {
      let (definition, split) = try split.resolve(data.home)
      let dataset = try data.home.load(definition, split: split)
      guard dataset.hasGold else {
        throw HarnessError.usage(
          "\(definition.id)/\(split) is blind: without gold labels nothing can be scored.")
      }
      let guarded = labels ?? (definition.open ? .open : .hidden)
      let store = try data.store()
      var phase = Phase(
        benchmark: definition.id, split: split, name: name,
        opens: try opens.map { try moment($0, option: "--opens") } ?? Date(),
        closes: try closes.map { try moment($0, option: "--closes") }, visibility: visibility,
        labels: guarded, grid: guarded == .hidden ? try grid(definition, dataset) : nil,
        entropy: guarded == .hidden ? try entropy(definition, dataset) : nil, isFinal: final,
        valid: Phase.Quota(daily: daily, total: total ?? (guarded == .hidden ? 10 : 100)),
        failing: Phase.Quota(daily: dailyFailing, total: totalFailing))
      phase.freeze = try freeze.map { try moment($0, option: "--freeze") }
      phase.after = after.map { Phase.Prerequisite($0, of: definition, split: split) }
      (phase.isLate, phase.entries) = (late, entries)
      let known = try store.phases().first {
        $0.phase.board == phase.board && $0.phase.name == name
      }
      phase.commitment = Phase.Commitment(dataset, unless: known?.phase.commitment)
      try store.setPhase(phase, overBudget: budget.overBudget)
      Console.print(phase.text)
      let current = try store.phases().first { $0.isCurrent && $0.phase.board == phase.board }
      if let current, current.phase.name != name, phase.opens <= current.phase.opens {
        Console.message(
          "Phase '\(current.phase.name)' opened later and stays the current one: this one takes no "
            + "submissions.")
      }
      for account in try store.accounts()
      where account.benchmark == definition.id && account.split == split {
        Console.print(account.text)
      }
    }

    /// By the labels of the training split, where it is at hand. Of an average, what is told may all be
    /// of one target: the one whose labels hold least.
    private func entropy(_ definition: BenchmarkDefinition, _ dataset: Dataset) throws -> Double? {
      let hasTrain = split.split != "train" && data.home.has(definition.id, "train")
      let train = hasTrain ? try data.home.load(definition, split: "train") : nil
      return definition.targets.filter { definition.primary.weight(of: $0.name) != nil }.map {
        target in
        let known = train?.gold(target.name).compactMap { $0 } ?? []
        let rows = dataset.gold(target.name).count { $0 != nil }
        return ReleaseGrid.entropy(of: target, rows: rows, known: known)
      }.min()
    }

    private func number(
      _ floor: String, _ definition: BenchmarkDefinition, _ dataset: Dataset
    ) throws -> Double {
      if let number = Double(floor) { return number }
      let kinds = ["baselines": SubmissionMetadata.Kind.baseline, "published": .published]
      guard let kind = kinds[floor] else {
        throw ValidationError("--floor takes a number, baselines or published, not '\(floor)'.")
      }
      let boards = FolderBoards(
        [SubmissionFolder(URL(filePath: submissions))], home: data.home, benchmarks: [definition],
        store: nil)
      guard let best = try boards.bestFigure(of: kind, on: definition, dataset) else {
        throw HarnessError.usage(
          "\(submissions) has no entry of kind \(kind.rawValue) on \(definition.id)/\(dataset.split) "
            + "with \(definition.primary.metric.title) of \(definition.primary.target).")
      }
      return best
    }

    private func grid(
      _ definition: BenchmarkDefinition, _ dataset: Dataset
    ) throws -> ReleaseGrid {
      let metric = definition.primary.metric
      guard let floor = try floor.map({ try number($0, definition, dataset) }) else {
        throw ValidationError(
          "Hidden labels need --floor: the \(metric.title) of your best baseline. Scores below it are "
            + "not shown; without it every step from 0 on would tell of the labels.")
      }
      let grid = try ReleaseGrid.proposed(definition, dataset, floor: floor)
      if metric.higherIsBetter ? grid.floor <= 0 : grid.levels > 50 {
        Console.message(
          "A floor of \(grid.floor) shows steps that serve attackers alone; the score of a baseline is safer."
        )
      }
      return grid
    }

  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the phases of every board, and what its hidden labels have told.",
      discussion: "A star marks the current phase: the one that opened last, or the first to open.")

    @OptionGroup var shared: SharedOptions

    private struct Line: Encodable {
      var phase: Phase
      var isCurrent: Bool
      /// Beside the current phase alone.
      var account: LabelAccount?

      func encode(to encoder: any Encoder) throws {
        try phase.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(isCurrent, forKey: .current)
        try container.encodeIfPresent(account, forKey: .account)
      }

      private enum Key: CodingKey { case account, current }
    }

    func run() throws {
      let store = try shared.store()
      let accounts = try store.accounts()
      let lines = try store.phases().map { listed in
        let phase = listed.phase
        return Line(
          phase: phase, isCurrent: listed.isCurrent,
          account: accounts.first {
            listed.isCurrent && $0.benchmark == phase.benchmark && $0.split == phase.split
          })
      }
      if shared.json { return try Console.json(lines) }
      for line in lines {
        Console.print((line.isCurrent ? "* " : "  ") + line.phase.text)
        if let account = line.account { Console.print("    " + account.text) }
      }
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a phase that has not opened.")

    @Argument(help: "The phase's name.") var name: String
    @OptionGroup var split: SplitOptions
    @OptionGroup var data: DataOptions

    func run() throws {
      let (definition, split) = try split.resolve(data.home)
      try data.store().removePhase(name, of: BoardKey(benchmark: definition.id, split: split))
      Console.print("Phase '\(name)' of \(definition.id)/\(split) is removed.")
    }
  }

  struct Close: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Close a board with hidden labels now, and release its scores in two decimals.",
      discussion: """
        The server does this by itself when a phase reaches its end. Of each team the
        submission that it has chosen (`submission choose`) stands on the board, else
        its best; in a final phase, else the one that it sent last. One figure is
        released of each, the primary metric, rounded towards worse and from the floor
        on.
        """)

    @OptionGroup var split: SplitOptions
    @OptionGroup var data: DataOptions

    func run() throws {
      let (definition, name) = try split.resolve(data.home)
      let store = try data.store()
      try BoardCloser(store, [definition], home: data.home)
        .close(BoardKey(benchmark: definition.id, split: name))
      Console.print("\(definition.id)/\(name) is closed.")
    }
  }

  struct Reveal: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show all metrics and targets of a few entries of a closed board.",
      discussion: """
        In two decimals, without intervals. At most three entries of teams can be
        revealed on a board, such as the winners; baselines are entries of kind
        `baseline` in the server's folders of submissions. What an entry tells of the
        labels at most is charged to the board's account (see `phase show`).

        Example:
          invitro phase reveal -b newsemp24 -s test 5tq3m8r2k7w9n4pd --baseline mean-predictor \\
            --over-budget "The labels will not be used again."
        """)

    @Argument(help: "Ids of submissions.") var ids: [String] = []
    @Option(help: "Folder name of a baseline of the organisers; may be repeated.")
    var baseline: [String] = []
    @Option(
      help: "The server's folder of submissions, where the baselines are.", completion: .directory)
    var submissions: String = "submissions"
    @OptionGroup var budget: BudgetOption
    @OptionGroup var split: SplitOptions
    @OptionGroup var data: DataOptions

    func validate() throws {
      try require(!(ids + baseline).isEmpty, "Name the submissions or a --baseline.")
    }

    func run() throws {
      let (definition, name) = try split.resolve(data.home)
      let entries =
        baseline.isEmpty ? [] : try SubmissionFolder(URL(filePath: submissions)).entries()
      let known = entries.filter { entry in
        entry.metadata.kind == .baseline && entry.metadata.benchmark == definition.id
          && entry.metadata.split == name
      }.map(\.slug)
      if let unknown = baseline.first(where: { !known.contains($0) }) {
        throw HarnessError.usage(
          "\(submissions) has no baseline '\(unknown)' of \(definition.id)/\(name). It has: "
            + (known.isEmpty ? "none" : known.joined(separator: ", ")) + ".")
      }
      let store = try data.store()
      try store.reveal(
        ids, baselines: baseline, on: definition, split: name, overBudget: budget.overBudget)
      for account in try store.accounts()
      where account.benchmark == definition.id && account.split == name {
        Console.print(account.text)
      }
    }
  }

  struct Commitment: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make known the key of the commitments to a board's labels.",
      discussion: """
        The ledger holds for each phase a keyed digest of labels, order and scorer.
        With its key, whoever has the labels can check by `invitro ledger verify
        --data` that neither was changed. Where labels are open the key is told when a
        phase closes, and by `phase retire`. Where they are hidden it lets anybody test
        a guess at all labels together: tell it when they are not to be used again.
        """)

    @Option(help: "Name of the phase. Default: all that have opened.") var name: String?
    @Flag(help: "Tell the keys in the ledger, for good.") var reveal = false
    @OptionGroup var split: SplitOptions
    @OptionGroup var data: DataOptions

    func validate() throws { try require(reveal, "Give --reveal; it can't be taken back.") }

    func run() throws {
      let (definition, split) = try split.resolve(data.home)
      let board = BoardKey(benchmark: definition.id, split: split)
      let told = try data.store().revealCommitments(of: board, phase: name)
      Console.print(
        told.isEmpty
          ? "There is nothing to tell: no commitment, or its key is in the ledger."
          : "The ledger tells the keys of: \(told.joined(separator: ", ")).")
    }
  }

  struct Retire: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Retire the labels of a closed board: show everything of every entry.",
      discussion: """
        From now on the labels count as known: all metrics with their intervals, groups
        and pairs are shown as on a board with open labels, and no later phase can hide
        them again in earnest.
        """)

    @OptionGroup var split: SplitOptions
    @OptionGroup var data: DataOptions

    func run() throws {
      let (definition, name) = try split.resolve(data.home)
      let phase = try data.store().retire(BoardKey(benchmark: definition.id, split: name))
      Console.print(phase.text)
    }
  }
}

/// Consent to tell more of hidden labels than their budget.
struct BudgetOption: ParsableArguments {
  @Option(
    help: "Why the hidden labels may tell more than a quarter of what they hold; it is recorded.")
  var overBudget: String?
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
