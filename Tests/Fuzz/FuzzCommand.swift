import ArgumentParser
import Basics
import Foundation

@main struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invitro-fuzz",
    abstract: "Give hostile files and requests to everything that reads them.",
    subcommands: [Run.self, Work.self], defaultSubcommand: Run.self)
}

extension FuzzKind: ExpressibleByArgument {}

/// Runs all kinds, or one.
struct Run: ParsableCommand {
  @Option(help: "Maximum seconds for everything.") var seconds = 300.0
  @Option(help: "Seed of the inputs.") var seed: UInt64 = 1
  @Option(help: "Only this kind; requests for the server.") var only: String?
  @Option(
    help:
      "Inputs of each kind. Default: 2,000 of each file of a model and command, 100,000 of the others."
  )
  var inputs: Int?
  @Option(help: "Folder for inputs that fail.") var failures = ".build/fuzz"

  func run() throws {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    let folder = Self.scratch.appending(path: "invitro-fuzz-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    print("seed \(seed), at most \(Int(seconds)) s")
    try findPlanted(folder, until: end)
    let kinds = FuzzKind.fuzzed.filter { only == nil || only == $0.rawValue }
    let serves = only == nil || only == "requests"
    guard !kinds.isEmpty || serves else {
      throw ValidationError("There is no kind '\(only ?? "")'.")
    }
    var weight = kinds.reduce(serves ? RequestRun.weight : 0) { $0 + $1.weight }
    var isSound = true
    for kind in kinds {
      let share = (end - clock.now) * (kind.weight / weight)
      weight -= kind.weight
      let count = inputs ?? kind.count
      let outcome = try Supervisor(
        kind: kind, seed: seed, count: count, folder: folder, deadline: clock.now + share
      ).run()
      report(kind.title, outcome.done, count, "\(outcome.accepted) accepted")
      for (number, reason) in outcome.failures {
        isSound = false
        try save(kind, number, reason, folder)
      }
    }
    if serves {
      let run = RequestRun(
        seed: seed, count: inputs ?? RequestRun.count, folder: folder, deadline: end,
        failures: URL(filePath: failures))
      let outcome = try run.run()
      report("requests", outcome.done, run.count, outcome.summary)
      for failure in outcome.failures { print("  FAILED: \(failure)") }
      isSound = isSound && outcome.failures.isEmpty
    }
    if !isSound { throw ExitCode(1) }
  }

  /// Makes sure that faults are found where there are any.
  private func findPlanted(_ folder: URL, until end: ContinuousClock.Instant) throws {
    let found = try Supervisor(
      kind: .planted, seed: seed, count: 200, folder: folder, deadline: end
    ).run().failures.map(\.number)
    guard found == PlantedTarget.faults else {
      throw FuzzFailure("of the planted faults \(PlantedTarget.faults) these were found: \(found)")
    }
    print("the planted trap, hang, allocation and errors were found")
  }

  /// Memory rather than a disk, where the system offers it: a run writes thousands of checkpoints.
  private static var scratch: URL {
    let memory = URL(filePath: "/dev/shm")
    return FileManager.default.isWritableFile(atPath: memory.path)
      ? memory : FileManager.default.temporaryDirectory
  }

  private func report(_ title: String, _ done: Int, _ count: Int, _ detail: String) {
    let cut = done < count ? " of \(count), CUT SHORT by the limit of time or failures" : ""
    print("\(title): \(done) inputs\(cut), \(detail)")
    fflush(nil)
  }

  /// Writes the input that failed to a file and tells of it.
  private func save(_ kind: FuzzKind, _ number: Int, _ reason: String, _ folder: URL) throws {
    let place = folder.appending(path: "again")
    try? FileManager.default.removeItem(at: place)
    let target = try kind.target(in: place)
    let bytes = target.input(number, kind.random(seed: seed, number: number)).bytes
    let file = URL(filePath: failures).appending(path: "\(kind.rawValue)-\(seed)-\(number)")
    try AtomicFile.write(Data(bytes), to: file)
    print("  FAILED: input \(number) (\(file.relativePath)): \(reason)")
  }
}

/// A worker process.
struct Work: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Argument var kind: FuzzKind
  @Option var seed: UInt64
  @Option var first: Int
  @Option var stride: Int
  @Option var count: Int
  @Option var folder: String

  func run() throws {
    try Worker(
      kind: kind, seed: seed, first: first, stride: stride, count: count,
      folder: URL(filePath: folder)
    ).run()
  }
}
