import ArgumentParser
import Basics
import Foundation
import Harness
import Reference
import Report
import Server

@main struct Invitro: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invitro",
    abstract: "Score predictions of empathy from text and run a leaderboard.",
    discussion: """
        To try it:      invitro data sample  (nothing is downloaded)
        Teams:          invitro validate FILE --benchmark newsemp24 --split dev
                        invitro score FILE --benchmark newsemp24 --split dev
        Organisers:     invitro submit add FILE … ; invitro site build
        Replicators:    invitro replicate

      Results go to standard output; progress and messages go to standard error. Exit
      codes: 0 done, 1 a check failed, 64 usage, 65 bad data, 66 missing input, 69 a
      service is unavailable, 70 a bug, 77 not allowed.
      """, version: ScoreReport.toolVersion,
    subcommands: [
      DataCommand.self, BenchmarkCommand.self, ValidateCommand.self, ScoreCommand.self,
      CompareCommand.self,
      SubmitCommand.self, SiteCommand.self, InitCommand.self, ArchiveCommand.self,
      ExportCommand.self,
      TrainCommand.self,
      PredictCommand.self, TokenizeCommand.self, LabelCommand.self, AgreementCommand.self,
      CurateCommand.self, SubstituteCommand.self,
      EmbedCommand.self, ExperimentCommand.self, ReplicateCommand.self, ServeCommand.self,
      TeamCommand.self, PhaseCommand.self, SubmissionCommand.self, LedgerCommand.self,
      WebhookCommand.self, BackupCommand.self, RestoreCommand.self, CodabenchCommand.self,
    ])

  /// What follows the program's name, also where the dynamic loader was asked to run the program:
  /// the scoring program of a Codabench bundle has no permission to execute.
  static func arguments(_ words: [String]) -> [String] {
    func name(_ word: String) -> Substring { word.split(separator: "/").last ?? "" }
    guard let first = words.first, name(first).hasPrefix("ld-linux"),
      let program = words.firstIndex(where: { name($0) == "invitro" })
    else { return Array(words.dropFirst()) }
    return Array(words[(program + 1)...])
  }

  /// Runs the command and ends the process with the exit code that the error, if any, stands for.
  static func main() async {
    let arguments = Self.arguments(CommandLine.arguments)
    if let text = UsageMessage.unknownCommand(arguments) { Console.fail(text, .usage) }
    var kind: any ParsableCommand.Type = Self.self
    do {
      var command = try parseAsRoot(arguments)
      kind = type(of: command)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      FaultListing.flush()
    } catch let error as ValidationError {
      // Found out only by the command itself.
      Console.fail(UsageMessage.text(error.message, of: kind), .usage)
    } catch let error as any CommandError where error.exitStatus == .usage {
      Console.fail(UsageMessage.text(error.description, of: kind), .usage)
    } catch let error as any CommandError {
      Console.fail(error.description, error.exitStatus)
    } catch {
      FaultListing.flush()
      let isOfUsage = exitCode(for: error) == .validationFailure
      if isOfUsage, !message(for: error).hasPrefix("Unknown option"),
        let text = UsageMessage.unknownOption(arguments)
      {
        Console.fail(text, .usage)
      }
      exit(withError: error)
    }
  }
}
