import ArgumentParser
import Basics
import Foundation
import Harness
import Ledger
import Report
import Server

struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract:
      "Add a system to the submissions folder, check the folder, or send a system to a server.",
    subcommands: [Add.self, Check.self, Push.self, Status.self, Open.self])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a prediction file and add it as submissions/<benchmark>/<slug>/.",
      discussion: """
        Writes submission.json and predictions.tsv (a header, ids, the split's order).
        Two entries with the same name or the same predictions are refused. --meta
        takes a JSON file with any fields of submission.json; options on the command
        line override it.

        Example:
          invitro submit add predictions_EMP.tsv --benchmark sample24 --split test \\
            --team "My team" --system "My system" --kind fine-tuned
        """)

    @Argument(
      help: "The prediction file; - is standard input.", completion: Completions.predictions)
    var file: String

    @OptionGroup var split: SplitOptions
    @OptionGroup var ids: IDsOption
    @Option(help: "Name of the team.") var team: String?
    @OptionGroup var system: SystemOptions
    @Option(help: "Day of submission, YYYY-MM-DD. Default: today.") var date: String?
    @Option(help: "Folder name. Default: made from team and system.") var slug: String?
    @Option(help: "The folder of submissions.", completion: .directory)
    var submissions: String = "submissions"
    @OptionGroup var predictions: PredictionOptions
    @OptionGroup var data: DataOptions

    func run() throws {
      let (definition, dataset) = try ids.load(split, data.home)
      var metadata = try metadata(definition, split: dataset.split)
      let read = try predictions.reader(definition, dataset).read(URL(filePath: file))
      FaultListing.show(read.warnings)
      if dataset.hasGold {
        metadata.scored = try Scorer(definition, dataset: dataset).record(of: read)
      }
      let folder = try SubmissionFolder(URL(filePath: submissions)).add(
        read, dataset: dataset, metadata: metadata,
        slug: slug ?? Slug.make("\(metadata.team) \(metadata.system)"))
      Console.print(folder.relativePath)
    }

    private func metadata(
      _ definition: BenchmarkDefinition, split: String
    ) throws -> SubmissionMetadata {
      var fields = try system.fields(definition, split: split)
      let today = Date().formatted(.iso8601.year().month().day())
      fields["team"] = team ?? fields["team"]
      fields["submitted"] = date ?? fields["submitted"] ?? today
      fields["schema"] = fields["schema"] ?? 1
      try require(
        fields["team"] != nil && fields["system"] != nil,
        "Give --team and --system, or a --meta file with both.")
      fields["kind"] = fields["kind"] ?? SubmissionMetadata.Kind.fineTuned.rawValue
      try require(
        fields["kind"] as? String != SubmissionMetadata.Kind.published.rawValue,
        "A published entry has claimed scores and no predictions: write its submission.json.")
      return try Documents.decode(
        SubmissionMetadata.self, fields: fields, name: system.meta ?? "options")
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every entry: metadata, predictions, digests and duplicates.",
      discussion: """
        Meant for pull requests: exits with 65 and lists every error. Entries whose
        split is not in the data home are checked as far as possible without it, and
        counted.
        """)

    @Option(help: "The folder of submissions.", completion: .directory)
    var submissions: String = "submissions"
    @OptionGroup var benchmarks: BenchmarkFiles
    @OptionGroup var data: DataOptions

    func run() throws {
      let outcome = try SubmissionCheck.run(
        SubmissionFolder(URL(filePath: submissions)), home: data.home,
        benchmarks: benchmarks.known(data.home))
      let withdrawn =
        outcome.withdrawn > 0 ? ", \(outcome.withdrawn) withdrawn without predictions" : ""
      Console.print(
        "\(outcome.entries) entries are sound: \(outcome.compared) compared with their split, "
          + "\(outcome.published) published, \(outcome.withoutSplit) whose split is not here"
          + withdrawn)
    }
  }

  struct Push: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "push", abstract: "Send a submission to a server and print its answer.",
      discussion: """
        The team's token is read from INVITRO_TOKEN or the file named by --token-file.
        Sending the same file again is safe: the server answers with the submission it
        has. Exits with 65 where the server refuses the upload, and lists its faults,
        and with 77 where the token is not valid or the board takes no submissions now.
        A receipt, by which you can prove that the submission was accepted, is kept
        beside the file as FILE.receipt.

        Example:
          INVITRO_TOKEN=… invitro submit push predictions_EMP.tsv --server https://board.example \\
            --benchmark sample24 --split test --system "My system"
        """)

    @Argument(
      help: "The prediction file, in any accepted form.", completion: Completions.predictions)
    var file: String
    @OptionGroup var server: ServerOptions
    @OptionGroup var split: SplitOptions
    @OptionGroup var system: SystemOptions
    @Option(
      help: .value("file", "Where to keep the receipt. Default: FILE.receipt."), completion: .file()
    )
    var receipt: String?
    @Flag(help: "Keep no receipt.") var noReceipt = false
    @OptionGroup var output: JSONOption

    func run() async throws {
      let known = try server.address()
      let client = try SubmissionClient(known, token: server.token())
      let bar = ProgressBar("sending", unit: "bytes")
      let answer = try await client.submit(
        Data(contentsOf: existing(file, hint: Self.hint)),
        name: URL(filePath: file).lastPathComponent, metadata: metadata()
      ) { bar.update($0, of: $1) }
      if output.json {
        FileHandle.standardOutput.write(answer.body + Data("\n".utf8))
      } else {
        let (text, faults) = try answer.read(isOfSending: true)
        FaultListing.show(faults)
        if answer.isAccepted { Console.print(text) } else { Console.message(text) }
      }
      try end(with: answer.exitStatus, unless: answer.isAccepted)
      if !noReceipt, let logged = answer.logged {
        try await keepReceipt(of: logged.entry, id: logged.id, from: known)
      }
    }

    /// The submission is accepted by now: that its receipt cannot be had yet is no failure, that it
    /// does not hold is one.
    private func keepReceipt(of entry: LoggedAnswer, id: String, from server: String) async throws {
      let file = URL(filePath: receipt ?? "\(file).receipt")
      do {
        guard let proof = try await WebSource(server).receipt(of: entry, id: id) else {
          throw HarnessError.system(path: server, reason: "it has no proof of the entry yet")
        }
        if let other = try ReceiptFile.write(proof, to: file) {
          Console.message("the receipt of another submission is now \(other.relativePath)")
        }
        Console.message("receipt: \(file.relativePath) (entry \(entry.index) of the log)")
      } catch let error as LedgerError {
        Console.fail(
          "The submission was accepted, and the server's receipt does not hold: \(error)",
          .checkFailed)
      } catch {
        Console.message(
          "The submission was accepted; its receipt could not be kept: \(error). Later: invitro "
            + "ledger receipt \(server) --index \(entry.index) --out \(file.relativePath)")
      }
    }

    private func metadata() throws -> [String: Any] {
      let (definition, split) = try split.resolve(.usual)
      let fields = try system.fields(definition, split: split)
      try require(fields["system"] != nil, "Give --system, or a --meta file with it.")
      return fields
    }

    private static let hint = "Give the file with the predictions."
  }
}
