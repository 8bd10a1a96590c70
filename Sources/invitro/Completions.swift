import ArgumentParser
import Foundation
import Harness
import Server

/// What a shell completes the names of this machine's benchmarks, splits and teams with. It reads the
/// data home that the command line names and changes nothing; what cannot be read has no names.
enum Completions {
  /// Forms of prediction files.
  static let predictions = CompletionKind.file(extensions: ["tsv", "csv", "jsonl", "zip"])
  /// Tables of labels.
  static let tables = CompletionKind.file(extensions: ["csv", "tsv", "jsonl"])
  static let definitions = CompletionKind.file(extensions: ["json"])

  static let benchmarks = CompletionKind.custom { words, _, _ in
    ((try? home(words).benchmarks.known()) ?? []).map(\.id)
  }

  /// Boards as benchmark/split.
  static let boards = CompletionKind.custom { words, _, _ in
    ((try? home(words).benchmarks.known()) ?? []).flatMap { benchmark in
      benchmark.splitNames.map { "\(benchmark.id)/\($0)" }
    }
  }

  /// Splits of the benchmark that the line names before or after.
  static let splits = CompletionKind.custom { words, _, _ in
    guard let name = value(of: ["-b", "--benchmark"], in: words) else { return [] }
    return (try? home(words).benchmarks.find(name))?.splitNames ?? []
  }

  static let teams = CompletionKind.custom { words, _, _ in
    let store = home(words).submissionStoreURL
    // To open one makes it.
    guard FileManager.default.fileExists(atPath: store.path) else { return [] }
    return ((try? SubmissionStore(store).teams()) ?? []).map { literal($0.name) }
  }

  /// A team's name may hold any character, and the scripts of swift-argument-parser 1.8 pass on what
  /// they are given: bash expands it as a command line, and zsh takes what follows a colon for a
  /// description.
  private static func literal(_ name: String) -> String {
    switch CompletionShell.requesting {
    case .bash: return "'\(name.replacing("'", with: #"'\''"#))'"
    case .zsh: return name.replacing(":", with: #"\:"#)
    default: return name
    }
  }

  private static func home(_ words: [String]) -> DataHome {
    DataHome(
      option: value(of: ["--data"], in: words), environment: ProcessInfo.processInfo.environment)
  }

  /// What follows an option, which may be quoted.
  private static func value(of names: [String], in words: [String]) -> String? {
    for (place, word) in words.enumerated() {
      if names.contains(word), place + 1 < words.count {
        return words[place + 1].trimmingCharacters(in: ["'", "\""])
      }
      if let name = names.first(where: { word.hasPrefix($0 + "=") }) {
        return word.dropFirst(name.count + 1).trimmingCharacters(in: ["'", "\""])
      }
    }
    return nil
  }
}
