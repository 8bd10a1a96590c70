import Foundation

/// `invitro-bench NAME [OPTIONS]` runs one benchmark; the scripts beside it compare with a peer.
let arguments = Array(CommandLine.arguments.dropFirst())

do {
  switch arguments.first {
  case "training": try TrainingBench.run(Array(arguments.dropFirst()))
  default:
    FileHandle.standardError.write(Data("usage: invitro-bench training [options]\n".utf8))
    exit(64)
  }
} catch {
  FileHandle.standardError.write(Data("invitro-bench: \(error)\n".utf8))
  exit(65)
}
