public import Foundation
import Testing

/// The built program, run as a user runs it.
public struct Program: Sendable {
  public struct Outcome: Sendable {
    public var status: Int32
    public var out: String
    public var err: String

    /// What was printed as a JSON object.
    public func object() throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any])
    }
  }

  /// Where commands run: relative paths are below it.
  public let folder: URL
  public let binary: URL

  public init(in folder: URL) throws {
    self.folder = folder
    binary = try Self.binary.get()
  }

  /// The program of the same build as this test; the release build of this checkout otherwise.
  private static let binary = Result { () throws -> URL in
    let beside = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let candidates = [beside, Shared.checkout.appending(path: ".build/release")]
      .map { $0.appending(path: "invitro") }
    let found = candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }
    return try #require(
      found, "build the program first: swift build -c release --product invitro")
  }

  /// The environment of a command: without what would point it at another data home.
  public static var environment: [String: String] {
    var variables = ProcessInfo.processInfo.environment
    variables["INVITRO_DATA"] = nil
    return variables
  }

  /// Runs the program to its end.
  public func run(
    _ arguments: String..., input: String? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    try run(arguments, input: input, environment: environment)
  }

  public func run(
    _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    let streams = try TemporaryFolder()
    // Files and not pipes: a pipe that nobody empties stops the program.
    let handles = try ["out", "err"].map { name in
      try FileHandle(forWritingTo: streams.write("", to: name))
    }
    let process = Process()
    process.executableURL = binary
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = Self.environment.merging(environment) { _, own in own }
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    process.standardInput = try FileHandle(
      forReadingFrom: streams.write(input ?? "", to: "in"))
    try process.run()
    process.waitUntilExit()
    for handle in handles { try handle.close() }
    return Outcome(
      status: process.terminationStatus,
      out: String(decoding: try Data(contentsOf: streams.file("out")), as: UTF8.self),
      err: String(decoding: try Data(contentsOf: streams.file("err")), as: UTF8.self))
  }
}

/// A folder with the synthetic set imported into `data`, made once for all tests that read it.
public struct SampleFolder: Sendable {
  public static let shared = Result { try SampleFolder() }

  public let folder: TemporaryFolder
  public let program: Program
  public let made: Program.Outcome

  private init() throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
    made = try program.run("data", "sample", "--json")
  }

  /// The predictions of an example system, by their order of quality.
  public func system(_ index: Int) throws -> String {
    "data/sample24-files/systems/\(try systems()[index])/predictions_EMP.tsv"
  }

  public func systems() throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      atPath: folder.file("data/sample24-files/systems").path
    ).sorted()
  }
}
