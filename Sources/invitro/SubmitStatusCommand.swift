import ArgumentParser
import Basics
import Foundation
import Harness
import Report
import Server

/// Which server, and the token that a team has there.
struct ServerOptions: ParsableArguments {
  @Option(help: "Address of the server; INVITRO_SERVER says it as well.") var server: String?
  @Option(help: .value("file", "File that holds the token."), completion: .file())
  var tokenFile: String?

  func address() throws -> String { try Self.address(server) }

  static func address(_ server: String?) throws -> String {
    let known = server ?? ProcessInfo.processInfo.environment["INVITRO_SERVER"]
    guard let known else { throw ValidationError("Give --server, or set INVITRO_SERVER.") }
    return known
  }

  func token() throws -> String { try teamToken(tokenFile) }
}

/// The token in `file`, else in the environment; empty for none.
func teamToken(_ file: String?) throws -> String {
  if let file {
    return try String(
      contentsOf: existing(file, hint: "Give the file with the token."), encoding: .utf8)
  }
  return ProcessInfo.processInfo.environment["INVITRO_TOKEN"] ?? ""
}

extension SubmitCommand {
  struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "Show what became of your team's submissions to a server.",
      discussion: """
        The team's token is read from INVITRO_TOKEN or the file named by --token-file.
        Below the list stands what your team may still send to each open board, today
        (UTC) and in its phase. With an id it shows all that the server tells of that
        submission. Exits with 77 where the token is not valid.

        Example:
          INVITRO_TOKEN=… invitro submit status --server https://board.example
        """)

    @Argument(help: "A submission's id. Default: your team's newest ones.") var id: String?
    @OptionGroup var server: ServerOptions
    @Option(help: "The largest number to list, at most 200.") var limit: Int = 50
    @OptionGroup var result: ResultOptions

    func validate() throws {
      try require((1...200).contains(limit), "--limit must lie between 1 and 200.")
    }

    func run() async throws {
      let client = try SubmissionClient(server.address(), token: server.token())
      let answer = try await client.status(of: id, limit: limit)
      if answer.isAccepted || result.form == .json {
        try result.show(json: answer.body + Data("\n".utf8), as: document(answer))
      } else {
        Console.message(try answer.read().text)
      }
      try end(with: answer.exitStatus, unless: answer.isAccepted)
    }

    private func document(_ answer: SubmissionClient.Answer) throws -> ResultDocument {
      id == nil ? try answer.list() : ResultDocument([.lines(try answer.read().text)])
    }
  }

  struct Open: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "open",
      abstract: "Open a server's board, or its page to submit on, in a browser.",
      discussion: """
        Prints the address, and opens it by xdg-open where there is a desktop. No token
        is sent or shown.

        Example:
          invitro submit open --server https://board.example -b newsemp24 -s dev
        """)

    @Option(help: "Address of the server; INVITRO_SERVER says it as well.") var server: String?
    @OptionGroup var split: SplitOptions

    func run() throws {
      let known = try ServerOptions.address(server)
      guard var url = try siteAddress(known, option: "--server") else { return }
      if split.benchmark == nil {
        url.append(path: "submit")
      } else {
        let (definition, name) = try split.resolve(.usual)
        url.append(path: "\(definition.id)/\(name)/")
      }
      Console.print(url.absoluteString)
      open(url)
    }

    /// Without a display there is no browser to open, and the address is enough.
    private func open(_ url: URL) {
      let environment = ProcessInfo.processInfo.environment
      let displays = ["DISPLAY", "WAYLAND_DISPLAY"].compactMap { environment[$0] }
      guard displays.contains(where: { !$0.isEmpty }) else { return }
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["xdg-open", url.absoluteString]
      (process.standardOutput, process.standardError) = (
        FileHandle.nullDevice, FileHandle.nullDevice
      )
      do {
        try process.run()
        process.waitUntilExit()
      } catch {
        Console.message("xdg-open could not be started: \(error.localizedDescription)")
        return
      }
      if process.terminationStatus != 0 {
        Console.message("xdg-open found no browser; open the address yourself.")
      }
    }
  }
}
