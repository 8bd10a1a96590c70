import Foundation

/// `invitro serve` on the synthetic benchmark, in a folder of its own.
final class ServerProcess {
  private let process = Process()
  private let folder: URL
  private(set) var port = 0
  private(set) var token = ""

  /// What the server has written to standard error.
  var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }
  private var logFile: URL { folder.appending(path: "server.log") }

  var isRunning: Bool { process.isRunning }

  /// Largest memory that it has taken, in MiB.
  var peakMemory: Int {
    let path = "/proc/\(process.processIdentifier)/status"
    let status = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) >> 10
  }

  /// Predictions that the server accepts.
  var predictions: [UInt8] {
    get throws {
      let systems = folder.appending(path: "data/sample24-files/systems")
      let names = try FileManager.default.contentsOfDirectory(atPath: systems.path).sorted()
      let file = systems.appending(path: names.first ?? "").appending(path: "predictions_EMP.tsv")
      return [UInt8](try Data(contentsOf: file))
    }
  }

  /// Starts `program` with high quotas and no limits of rates.
  init(program: URL, folder: URL) throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func run(_ arguments: [String]) throws -> String {
      let (process, output) = (Process(), Pipe())
      (process.executableURL, process.arguments) = (program, arguments)
      (process.currentDirectoryURL, process.standardOutput) = (folder, output)
      process.standardError = FileHandle.nullDevice
      try process.run()
      let text = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw FuzzFailure("invitro \(arguments.joined(separator: " ")) failed")
      }
      return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    _ = try run(["data", "sample"])
    token = try run(["team", "add", "Team A"])
    let quota = "1000000"
    _ = try run([
      "phase", "set", "-b", "sample24", "-s", "test", "--visibility", "public", "--daily", quota,
      "--total", quota, "--daily-failing", quota, "--total-failing", quota,
    ])
    guard FileManager.default.createFile(atPath: logFile.path, contents: nil) else {
      throw FuzzFailure("\(logFile.path) cannot be written")
    }
    (process.executableURL, process.currentDirectoryURL) = (program, folder)
    process.arguments = [
      "serve", "--port", "0", "--request-rate", "0", "--upload-rate", "0", "--replicates", "100",
      "--rebuild-seconds", "3600",
    ]
    process.standardError = try FileHandle(forWritingTo: logFile)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    for _ in 0..<600 where port == 0 {
      Thread.sleep(forTimeInterval: 0.1)
      guard process.isRunning else { break }
      let line = log.split(separator: "\n").first { $0.contains("listening on ") }
      port = line?.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }
    guard port > 0 else { throw FuzzFailure("the server did not start:\n\(log)") }
  }

  deinit { stop() }

  func stop() {
    guard process.isRunning else { return }
    process.terminate()
    process.waitUntilExit()
  }
}
