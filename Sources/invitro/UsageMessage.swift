import ArgumentParser
import Basics
import Foundation

/// What is told of a command line that makes no sense: why, what may have been meant, and the usage of
/// the command that it is about.
enum UsageMessage {
  /// - Parameter command: the one that found it out; nil for the whole program.
  static func text(_ reason: String, of command: any ParsableCommand.Type) -> String {
    let path = path(to: command, from: [Invitro.self]).map(words) ?? Invitro._commandName
    return "Error: \(reason)\nUsage: \(Invitro.usageString(for: command))\n"
      + "  See '\(path) --help' for more information."
  }

  /// Tells of the first word of `arguments` that stands in the place of a command and is none; nil where
  /// there is no such word. The parser takes it for a value, and `help` passes over it.
  static func unknownCommand(_ arguments: [String]) -> String? {
    var parents: [any ParsableCommand.Type] = [Invitro.self]
    for word in arguments.drop(while: { $0 == "help" }) {
      let known = parents[parents.count - 1].configuration.subcommands
      guard !known.isEmpty, !word.hasPrefix("-") else { return nil }
      guard let next = known.first(where: { $0._commandName == word }) else {
        return unknown(word, in: parents)
      }
      parents.append(next)
    }
    return nil
  }

  /// Tells of the first option of `arguments` that their command lacks; nil where it has all of them. The
  /// parser names what is missing first, which a misspelt option may have been.
  static func unknownOption(_ arguments: [String]) -> String? {
    var command: any ParsableCommand.Type = Invitro.self
    var words = arguments[...]
    while let word = words.first,
      let next = command.configuration.subcommands.first(where: { $0._commandName == word })
    {
      (command, words) = (next, words.dropFirst())
    }
    guard let help = try? JSONDecoder().decode(Help.self, from: Data(command._dumpHelp().utf8))
    else { return nil }
    let known = (help.command.arguments ?? []).flatMap { $0.names ?? [] }.map(\.name)
    let options = words.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
    guard
      let option = options.map({ $0.dropFirst(2).prefix { $0 != "=" } })
        .first(where: { !known.contains(String($0)) })
    else { return nil }
    let near = Spelling.nearest(String(option), among: known).map { " Did you mean '--\($0)'?" }
    return text("Unknown option '--\(option)'.\(near ?? "")", of: command)
  }

  /// What the parser tells of a command's options.
  private struct Help: Decodable {
    struct Command: Decodable { var arguments: [Argument]? }
    struct Argument: Decodable { var names: [Name]? }
    struct Name: Decodable { var name: String }
    var command: Command
  }

  private static func unknown(
    _ word: String, in parents: [any ParsableCommand.Type]
  ) -> String {
    let parent = parents[parents.count - 1]
    let known = parent.configuration.subcommands
    let names = known.map { $0._commandName }
    let near =
      Spelling.nearest(word, among: names) ?? names.first { word.count > 1 && $0.hasPrefix(word) }
    let reason = "'\(words(parents))' has no command '\(word)'."
    if let near, let command = known.first(where: { $0._commandName == near }) {
      return text("\(reason) Did you mean '\(words(parents + [command]))'?", of: command)
    }
    // A command of another one's.
    let same = all([Invitro.self]).filter { $0.last?._commandName == word }
    if let only = same.first, let command = only.last, same.count == 1 {
      return text("\(reason) Did you mean '\(words(only))'?", of: command)
    }
    let others = same.map { "'\(words($0))'" }.joined(separator: ", ")
    let hint =
      same.isEmpty ? "It has: \(names.joined(separator: ", "))." : "Did you mean one of \(others)?"
    return text("\(reason) \(hint)", of: parent)
  }

  private static func words(_ path: [any ParsableCommand.Type]) -> String {
    path.map { $0._commandName }.joined(separator: " ")
  }

  /// Every command below the last of `path`, each with its parents.
  private static func all(
    _ path: [any ParsableCommand.Type]
  ) -> [[any ParsableCommand.Type]] {
    let below = path.last?.configuration.subcommands ?? []
    return below.flatMap { [path + [$0]] + all(path + [$0]) }
  }

  private static func path(
    to command: any ParsableCommand.Type, from root: [any ParsableCommand.Type]
  ) -> [any ParsableCommand.Type]? {
    ([root] + all(root)).first { $0.last == command }
  }
}
