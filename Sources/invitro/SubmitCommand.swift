import ArgumentParser
import Foundation
import Harness

struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract:
      "Add a system to the submissions folder, check the folder, or send a system to a server.",
    subcommands: [Add.self, Check.self, Push.self])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a prediction file and add it as submissions/<benchmark>/<slug>/.",
      discussion: """
        Writes submission.json and predictions.tsv (a header, ids, the split's order).
        Two entries with the same name or the same predictions are refused. --meta takes
        a JSON file with any fields of submission.json; options on the command line
        override it.

        Example:
          invitro submit add predictions_EMP.tsv --benchmark sample24 --split test \\
            --team "My team" --system "My system" --kind fine-tuned
        """)

    @Argument(help: "The prediction file; - is standard input.")
    var file: String

    @OptionGroup var split: SplitOptions
    @Option(help: "Name of the team.") var team: String?
    @OptionGroup var system: SystemOptions
    @Option(help: "Day of submission, YYYY-MM-DD. Default: today.") var date: String?
    @Option(help: "Folder name. Default: made from team and system.") var slug: String?
    @Option(help: "The folder of submissions.") var submissions: String = "submissions"
    @OptionGroup var predictions: PredictionOptions
    @OptionGroup var data: DataOptions

    func run() throws {
      let (definition, name) = try split.resolve()
      let metadata = try metadata(definition, split: name)
      let dataset = try data.home.load(definition, split: name)
      let read = try PredictionReader(
        definition, dataset: dataset, columns: try predictions.columns(definition),
        dropMissing: predictions.dropMissing
      ).read(URL(filePath: file))
      FaultListing.show(read.warnings)
      let folder = try SubmissionFolder(URL(filePath: submissions)).add(
        read, dataset: dataset, metadata: metadata,
        slug: slug ?? Slug.make("\(metadata.team) \(metadata.system)"))
      Console.print(folder.relativePath)
    }

    private func metadata(
      _ definition: BenchmarkDefinition, split: String
    ) throws -> SubmissionMetadata {
      var fields = try system.fields(definition, split: split)
      for (key, value) in [("team", team), ("submitted", date)] {
        if let value { fields[key] = value }
      }
      fields["schema"] = fields["schema"] ?? 1
      fields["submitted"] = fields["submitted"] ?? Self.today()
      guard fields["team"] != nil, fields["system"] != nil else {
        throw ValidationError("Give --team and --system, or a --meta file with both.")
      }
      fields["kind"] = fields["kind"] ?? SubmissionMetadata.Kind.fineTuned.rawValue
      if fields["kind"] as? String == SubmissionMetadata.Kind.published.rawValue {
        throw ValidationError(
          "A published entry has claimed scores and no predictions: write its submission.json.")
      }
      return try Documents.decode(
        SubmissionMetadata.self, fields: fields, name: system.meta ?? "options")
    }

    private static func today() -> String {
      Date().formatted(.iso8601.year().month().day())
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

    @Option(help: "The folder of submissions.") var submissions: String = "submissions"
    @OptionGroup var benchmarks: BenchmarkFiles
    @OptionGroup var data: DataOptions

    func run() throws {
      let outcome = try SubmissionCheck.run(
        SubmissionFolder(URL(filePath: submissions)), home: data.home,
        benchmarks: benchmarks.known())
      let withdrawn =
        outcome.withdrawn > 0 ? ", \(outcome.withdrawn) withdrawn without predictions" : ""
      Console.print(
        "\(outcome.entries) entries are sound: \(outcome.compared) compared with their split, "
          + "\(outcome.published) published, \(outcome.withoutSplit) whose split is not here"
          + withdrawn)
    }
  }
}
