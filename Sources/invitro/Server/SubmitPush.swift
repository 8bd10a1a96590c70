import Basics
import ArgumentParser
import Basics
import Foundation
import Harness
import Metrics

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

extension SubmitCommand {
  struct Push: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "push", abstract: "Send a submission to a server and print its answer.",
      discussion: """
        The team's token is read from INVITRO_TOKEN or the file named by --token-file.
        Sending the same file again is safe: the server answers with the submission it
        has. Exits with 65 where the server refuses the upload, and lists its faults.

        Example:
          INVITRO_TOKEN=… invitro submit push predictions_EMP.tsv --server https://board.example \\
            --benchmark sample24 --split test --system "My system"
        """)

    @Argument(help: "The prediction file, in any accepted form.") var file: String
    @Option(help: "Address of the server; INVITRO_SERVER says it as well.") var server: String?
    @OptionGroup var split: SplitOptions
    @OptionGroup var system: SystemOptions
    @Option(help: "File that holds the token.") var tokenFile: String?
    @OptionGroup var output: JSONOption

    func run() async throws {
      let known = server ?? ProcessInfo.processInfo.environment["INVITRO_SERVER"]
      guard let known else { throw ValidationError("Give --server, or set INVITRO_SERVER.") }
      guard let address = URL(string: known), ["http", "https"].contains(address.scheme ?? "")
      else { throw ValidationError("The server's address begins with http:// or https://.") }
      let content = try Data(contentsOf: try existing(file))
      let metadata = try metadata()
      let boundary = "invitro-\(Digest.sha256(content).prefix(40))"
      let body = Self.form(
        content, name: URL(filePath: file).lastPathComponent, metadata: metadata,
        boundary: boundary)
      var request = URLRequest(url: address.appending(path: "api/v1/submissions"))
      request.httpMethod = "POST"
      request.timeoutInterval = 120
      request.setValue("Bearer \(try token())", forHTTPHeaderField: "Authorization")
      request.setValue(
        "multipart/form-data; boundary=\(boundary)", forHTTPHeaderField: "Content-Type")
      request.setValue(Digest.sha256(body), forHTTPHeaderField: "Idempotency-Key")
      let bar = ProgressBar("sending", unit: "bytes")
      let (status, answer) = try await Sender.send(request, body: body) { bar.update($0, of: $1) }
      try PushAnswer(status: status, body: answer).show(json: output.json)
    }

    private func existing(_ path: String) throws -> URL {
      guard FileManager.default.fileExists(atPath: path) else {
        throw HarnessError.missing(path: path, hint: "Give the file with the predictions.")
      }
      return URL(filePath: path)
    }

    private func metadata() throws -> Data {
      let (definition, split) = try split.resolve()
      let fields = try system.fields(definition, split: split)
      guard fields["system"] != nil else {
        throw ValidationError("Give --system, or a --meta file with it.")
      }
      return try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys])
    }

    private func token() throws -> String {
      var text = ProcessInfo.processInfo.environment["INVITRO_TOKEN"]
      if let tokenFile {
        text = try String(contentsOf: try existing(tokenFile), encoding: .utf8)
      }
      let token = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
      guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw ValidationError("Put the team's token into INVITRO_TOKEN, or name its --token-file.")
      }
      return token
    }

    /// A form with the parts `metadata` and `file`.
    private static func form(
      _ content: Data, name: String, metadata: Data, boundary: String
    ) -> Data {
      let safe = name.unicodeScalars.map { scalar in
        scalar.value < 0x20 || scalar.value >= 0x7F || scalar == "\"" || scalar == "\\"
          || scalar == ";"
          ? "_" : String(scalar)
      }.joined()
      var body = Data()
      body.append(
        Data(
          """
          --\(boundary)\r
          Content-Disposition: form-data; name="metadata"\r
          Content-Type: application/json\r
          \r\n
          """.utf8))
      body.append(metadata)
      body.append(
        Data(
          """
          \r
          --\(boundary)\r
          Content-Disposition: form-data; name="file"; filename="\(safe)"\r
          Content-Type: application/octet-stream\r
          \r\n
          """.utf8))
      body.append(content)
      body.append(Data("\r\n--\(boundary)--\r\n".utf8))
      return body
    }
  }
}

/// Sends a body and tells how much of it is on its way.
private final class Sender: NSObject, URLSessionTaskDelegate, @unchecked Sendable {
  // The session calls the delegate on one queue; nothing here changes after init.
  private let progress: @Sendable (Int, Int) -> Void

  private init(_ progress: @escaping @Sendable (Int, Int) -> Void) { self.progress = progress }

  static func send(
    _ request: URLRequest, body: Data, progress: @escaping @Sendable (Int, Int) -> Void
  ) async throws -> (status: Int, body: Data) {
    let session = URLSession(
      configuration: .ephemeral, delegate: Sender(progress), delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    return try await withCheckedThrowingContinuation { continuation in
      let task = session.uploadTask(with: request, from: body) { data, response, error in
        if let response = response as? HTTPURLResponse {
          progress(body.count, body.count)
          continuation.resume(returning: (response.statusCode, data ?? Data()))
        } else {
          let reason = error?.localizedDescription ?? "no answer"
          continuation.resume(
            throwing: HarnessError.system(
              path: request.url?.absoluteString ?? "server", reason: reason))
        }
      }
      task.resume()
    }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didSendBodyData bytesSent: Int64,
    totalBytesSent: Int64, totalBytesExpectedToSend: Int64
  ) {
    progress(Int(totalBytesSent), Int(totalBytesExpectedToSend))
  }
}

/// What a server answered, as a person reads it.
private struct PushAnswer {
  var status: Int
  var body: Data

  private struct Problem: Decodable {
    var detail: String
    var faults: [Diagnostic]?
    var faultCount: Int?
  }

  private struct Accepted: Decodable {
    struct Scores: Decodable {
      var targets: TargetTable<TargetScores>
    }
    var id: String
    var state: String
    var verdict: String?
    var note: String?
    var warnings: [Diagnostic]?
    var scores: Scores?
  }

  func show(json: Bool) throws {
    let isAccepted = status == 200 || status == 201
    if json {
      FileHandle.standardOutput.write(body + Data("\n".utf8))
    } else if isAccepted {
      try showAccepted()
    } else {
      showProblem()
    }
    guard !isAccepted else { return }
    let refused: Set = [400, 409, 413, 415, 422]
    throw ExitCode(
      (refused.contains(status) ? ExitStatus.badData : ExitStatus.unavailable).rawValue)
  }

  private func showAccepted() throws {
    guard let accepted = try? JSONDecoder().decode(Accepted.self, from: body) else {
      throw HarnessError.system(path: "answer", reason: "it is not of a form that is known here")
    }
    FaultListing.show(accepted.warnings ?? [])
    Console.print(
      "\(accepted.id) \(accepted.state)\(status == 200 ? " (it was there already)" : "")")
    if let verdict = accepted.verdict { Console.print("verdict: \(verdict)") }
    if let note = accepted.note { Console.print(note) }
    for (target, scores) in (accepted.scores?.targets ?? [:]).sorted(by: {
      $0.key > $1.key
    }) {
      for metric in Metric.ranking {
        let figure = scores[metric]
        guard let value = figure?.value else { continue }
        var line = "\(target) \(metric.title) \(Rounding.text(value))"
        if let low = figure?.low, let high = figure?.high {
          line += " [\(Rounding.text(low)), \(Rounding.text(high))]"
        }
        Console.print(line)
      }
    }
  }

  private func showProblem() {
    guard let problem = try? JSONDecoder().decode(Problem.self, from: body) else {
      return Console.message("The server answered \(status) without saying why.")
    }
    FaultListing.show(problem.faults ?? [])
    Console.message("\(status): \(problem.detail)")
  }
}
