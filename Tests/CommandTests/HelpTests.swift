import Foundation
import TestSupport
import Testing

/// What `--help` prints of every command stands in `Help/`, a file a command.
///
/// After a change of a help text, run the test with `INVITRO_RECORD=1` and read the difference.
@Suite("Commands: help")
struct HelpTests {
  private static let folder = Shared.checkout.appending(path: "Tests/CommandTests/Help")

  /// A command of the tree that the program describes itself by.
  private struct Description: Decodable {
    var command: Command

    struct Command: Decodable {
      var commandName: String
      var superCommands: [String]?
      var subcommands: [Command]?
      var discussion: String?

      /// Its texts and those of every command below it.
      var discussions: [String] {
        (discussion.map { [$0] } ?? []) + (subcommands ?? []).flatMap(\.discussions)
      }

      /// The words of every command from here on, without the program's name and `help`.
      var paths: [[String]] {
        let own =
          Array((superCommands ?? []).dropFirst()) + (superCommands == nil ? [] : [commandName])
        guard commandName != "help" else { return [] }
        return [own] + (subcommands ?? []).flatMap(\.paths)
      }
    }
  }

  @Test("sentences of help are broken for a terminal of 80 columns, so that no word is left over")
  func width() throws {
    let place = try TemporaryFolder()
    let tree = try Program(in: place.url).run("--experimental-dump-help")
    let command = try JSONDecoder().decode(Description.self, from: Data(tree.out.utf8)).command
    let lines = command.discussions.flatMap { $0.split(separator: "\n") }
    #expect(lines.count > 200)
    // Examples and tables, which are indented, may be longer.
    let long = lines.filter { $0.count > 79 && !$0.hasPrefix(" ") }
    #expect(long.isEmpty, "\(long)")
  }

  @Test("every command's help is as recorded, and no recorded command is gone")
  func help() throws {
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let tree = try program.run("--experimental-dump-help")
    let paths = try JSONDecoder().decode(Description.self, from: Data(tree.out.utf8)).command.paths
    #expect(paths.count > 30)
    let isRecording = ProcessInfo.processInfo.environment["INVITRO_RECORD"] != nil
    var names: Set<String> = []
    for path in paths {
      let outcome = try program.run(path + ["--help"])
      #expect(outcome.status == 0)
      // The number of threads is that of the machine's processors.
      let printed = outcome.out.replacing(/(--threads <threads>[^<]*?default:\s+)[0-9]+/) {
        "\($0.output.1)N"
      }
      let name = (["invitro"] + path).joined(separator: "-") + ".txt"
      names.insert(name)
      let file = Self.folder.appending(path: name)
      if isRecording {
        try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        try Data(printed.utf8).write(to: file)
      }
      let recorded = try? String(contentsOf: file, encoding: .utf8)
      #expect(printed == recorded, "\(name) differs; INVITRO_RECORD=1 records it anew")
    }
    let stored = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    if isRecording {
      for old in stored where !names.contains(old) {
        try FileManager.default.removeItem(at: Self.folder.appending(path: old))
      }
    } else {
      #expect(Set(stored) == names)
    }
  }
}
