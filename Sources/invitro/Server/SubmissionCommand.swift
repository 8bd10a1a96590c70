import ArgumentParser
import Foundation
import Harness
import Report
import Server

struct SubmissionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submission", abstract: "Look after what came over HTTP.",
    subcommands: [List.self, Withdraw.self, Restore.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List submissions, newest first, with what was released of them.")

    @Option(help: "Only this team's.") var team: String?
    @Option(help: "At most so many.") var limit: Int = 100
    @OptionGroup var data: DataOptions
    @OptionGroup var output: JSONOption

    struct Line: Encodable {
      var id: String
      var received: Date
      var benchmark: String
      var split: String
      var team: String
      var system: String
      var state: String
      var verdict: String?
      var digest: String
    }

    func validate() throws {
      guard limit > 0 else { throw ValidationError("--limit is 1 or more.") }
    }

    func run() throws {
      let lines = try SubmissionStore(data.home.submissionStoreURL)
        .submissions(team: team, limit: limit)
        .map { submission in
          Line(
            id: submission.id, received: submission.received, benchmark: submission.benchmark,
            split: submission.split, team: submission.team, system: submission.metadata.system,
            state: submission.isWithdrawn ? "withdrawn" : submission.state.rawValue,
            verdict: submission.verdict, digest: submission.digest)
        }
      if output.json { return try Console.json(lines) }
      var table = TextTable([
        ("id", .left), ("received", .left), ("board", .left), ("team", .left), ("system", .left),
        ("state", .left), ("verdict", .left),
      ])
      for line in lines {
        table.add([
          line.id, line.received.formatted(.iso8601), "\(line.benchmark)/\(line.split)", line.team,
          line.system, line.state, line.verdict ?? "",
        ])
      }
      Console.print(table.text)
    }
  }

  struct Withdraw: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a submission from its board; a tombstone with the reason stays.")

    @Argument(help: "The submission's id.") var id: String
    @Option(help: "The reason, as everybody may read it.") var why: String
    @OptionGroup var data: DataOptions

    func run() throws {
      try SubmissionStore(data.home.submissionStoreURL).withdraw(id, why: why)
      Console.print("\(id) is withdrawn: \(why)")
    }
  }

  struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put a withdrawn submission back; its history keeps both.")

    @Argument(help: "The submission's id.") var id: String
    @Option(help: "The reason, as everybody may read it.") var why: String
    @OptionGroup var data: DataOptions

    func run() throws {
      try SubmissionStore(data.home.submissionStoreURL).withdraw(id, restore: true, why: why)
      Console.print("\(id) is restored: \(why)")
    }
  }
}

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy the server's store to a file, while it runs.",
    discussion: HelpText.reflow(
      """
      The copy is the store at one moment, checked for integrity and readable by you alone. It holds
      predictions, contacts and the hashes of tokens. To restore: stop the server, put the file in
      the place of <data home>/server.sqlite, remove server.sqlite-wal and server.sqlite-shm, start.
      """))

  @Argument(help: "The new file.") var file: String
  @OptionGroup var data: DataOptions

  func run() throws {
    let source = data.home.submissionStoreURL
    guard FileManager.default.fileExists(atPath: source.path) else {
      throw HarnessError.missing(
        path: source.relativePath, hint: "`invitro team add` or `invitro serve` makes it.")
    }
    try SubmissionStore(source).backup(to: URL(filePath: file))
    Console.print(file)
  }
}
