import Basics
public import Foundation
public import Harness
import Metrics
import Mustache

/// A leaderboard as a git repository: a folder that GitHub's workflows check, score and publish.
public struct BoardRepository: Sendable {
  /// Where the check of a pull request takes labels from.
  public enum Labels: Sendable, Equatable {
    /// They are open, and this command of the program brings them in; none is committed.
    case made(by: [String])
    /// They are open and lie in these files, by the names that the definition has for them.
    case committed(files: [String: URL])
    /// They stay out; ids of the splits' rows are all that is known here.
    case hidden(ids: [String: [String]])
  }

  public let definition: BenchmarkDefinition
  /// Whether the program carries the definition.
  let isShipped: Bool
  public let labels: Labels

  static let definitionName = "benchmark.json"
  static let labelFolder = "labels"

  /// - Parameter labels: as ``Labels/init(of:open:from:home:)`` finds them.
  public init(_ definition: BenchmarkDefinition, labels: Labels) throws(HarnessError) {
    (self.definition, self.labels) = (definition, labels)
    isShipped = try BenchmarkRegistry.shipped().contains(definition)
    if try BenchmarkRegistry.isTaken(definition) {
      throw .conflict(
        what: "\(definition.id) is the id of a shipped benchmark, which is defined otherwise",
        hint: "Give the definition an id of its own.")
    }
  }
}

extension BoardRepository.Labels {
  /// - Parameters:
  ///   - open: what the organiser says of them; nil for open where the program gets them by itself.
  ///   - folder: the one with the organisers' files.
  /// - Throws: ``HarnessError`` where the files are faulty or labels would be published that the
  ///   definition does not call open.
  public init(
    of definition: BenchmarkDefinition, open: Bool?, from folder: URL?, home: DataHome
  ) throws(HarnessError) {
    let command = Self.command(for: definition)
    guard open ?? (command != nil) else {
      self = .hidden(ids: try Self.ids(definition, folder, home))
      return
    }
    guard definition.open else {
      throw .usage(
        "The definition of \(definition.id) says \"open\": false, so its labels are not published "
          + "(licence: \(definition.licence)). Where the licence lets anybody have them, say so in a "
          + "definition of your own.")
    }
    if let command {
      self = .made(by: command)
      return
    }
    guard let folder else {
      throw .usage("Give the folder with the files of \(definition.id): --from DIR.")
    }
    let reader = DatasetReader(definition, from: folder)
    guard try reader.read().datasets.contains(where: \.hasGold) else {
      throw .usage("The files in \(folder.relativePath) hold no labels of \(definition.id).")
    }
    self = .committed(files: reader.files)
  }

  private static func command(for definition: BenchmarkDefinition) -> [String]? {
    if definition.id == "sample24" { return ["data", "sample"] }
    return FetchList.names.contains(definition.id) ? ["data", "fetch", definition.id] : nil
  }

  /// Ids of the default split's rows, from the organisers' files or the data home.
  private static func ids(
    _ definition: BenchmarkDefinition, _ folder: URL?, _ home: DataHome
  ) throws(HarnessError) -> [String: [String]] {
    let split = definition.defaultSplit
    if let folder {
      let read = try DatasetReader(definition, from: folder).read()
      return Dictionary(
        read.datasets.filter { $0.split == split }.map { ($0.split, $0.rows.map(\.id)) }
      ) { first, _ in first }
    }
    guard home.has(definition.id, split) else { return [:] }
    return [split: try home.load(definition, split: split).rows.map(\.id)]
  }
}

extension BoardRepository {
  /// A file of the repository.
  public struct File: Sendable {
    /// Below the folder.
    public let path: String
    public let data: Data
    public let isExecutable: Bool

    init(_ path: String, _ data: Data, isExecutable: Bool = false) {
      (self.path, self.data, self.isExecutable) = (path, data, isExecutable)
    }
  }

  /// Every file, in the order of their paths.
  /// - Throws: ``HarnessError`` where a file of labels cannot be read.
  public func files() throws(HarnessError) -> [File] {
    var files = carried() + (try filled())
    switch labels {
    case .made: break
    case .committed(let labels):
      for (name, url) in labels {
        guard let data = try? Data(contentsOf: url) else {
          throw .missing(path: url.relativePath, hint: "Check --from.")
        }
        files.append(File("\(Self.labelFolder)/\(name)", data))
      }
    case .hidden(let ids):
      for (split, ids) in ids {
        let text = ids.map { $0 + "\n" }.joined()
        files.append(File("ids/\(split).txt", Data(text.utf8)))
      }
    }
    return files.sorted { $0.path < $1.path }
  }

  /// The files that are the same for each board.
  private func carried() -> [File] {
    let scripts: [(String, [UInt8])] = [
      ("install-program", PackageResources.install_program),
      ("import-labels", PackageResources.import_labels),
      ("check-pull-request", PackageResources.check_pull_request),
      ("comment-table", PackageResources.comment_table),
      ("build-site", PackageResources.build_site),
      ("board.py", PackageResources.board_py),
    ]
    return scripts.map { File("scripts/\($0)", Data($1), isExecutable: true) } + [
      File(".github/workflows/check.yml", Data(PackageResources.check_yml)),
      File(".github/workflows/comment.yml", Data(PackageResources.comment_yml)),
      File(".github/workflows/site.yml", Data(PackageResources.site_yml)),
      File(".github/dependabot.yml", Data(PackageResources.dependabot_yml)),
      File("teams.tsv", Data(PackageResources.teams_tsv)),
    ]
  }

  /// The files that say something of the benchmark.
  private func filled() throws(HarnessError) -> [File] {
    var files = [
      template("scripts/settings", PackageResources.board_settings_mustache),
      template(".gitignore", PackageResources.board_gitignore_mustache),
      template("README.md", PackageResources.board_readme_mustache),
      template("submissions/README.md", PackageResources.board_teams_mustache),
    ]
    do throws(BasicsError) {
      let site = Site(
        title: definition.title,
        text: ["Teams submit by a pull request; submissions/README.md in the repository says how."],
        boards: [definition.id])
      files.append(File("site.json", try CanonicalJSON.document(site)))
      if !isShipped {
        files.append(File(Self.definitionName, try CanonicalJSON.document(definition)))
      }
    } catch {
      throw HarnessError(error)
    }
    return files
  }

  /// What `site.json` says.
  private struct Site: Encodable {
    var title: String
    var text, boards: [String]
  }

  private func template(_ path: String, _ bytes: [UInt8]) -> File {
    guard let template = try? MustacheTemplate(string: String(decoding: bytes, as: UTF8.self))
    else { preconditionFailure("the template of \(path) is malformed") }
    return File(path, Data(template.render(values).utf8))
  }

  /// The program's command that brings the labels in.
  private var importing: [String] {
    switch labels {
    case .made(let command): command
    case .committed: ["data", "import", Self.definitionName, "--from", Self.labelFolder]
    case .hidden: []
    }
  }

  private var values: [String: Any] {
    let isCommitted = if case .committed = labels { true } else { false }
    let isHidden = if case .hidden = labels { true } else { false }
    let primary = definition.primary
    return [
      "id": definition.id, "title": definition.title, "description": definition.description,
      "licence": definition.licence, "source": definition.source,
      "isOwn": !isShipped, "definition": isShipped ? "" : Self.definitionName,
      "benchmark": isShipped ? definition.id : Self.definitionName,
      "split": definition.defaultSplit, "splits": definition.splitNames.joined(separator: ", "),
      "targets": definition.targets.map { target in
        "\(target.name) (\(SVG.number(target.low)) to \(SVG.number(target.high)))"
      }.joined(separator: ", "),
      "columns": definition.targetNames.map { "`\($0)`" }.joined(separator: ", "),
      "primary": "\(primary.metric.title) of \(primary.target)",
      "open": !isHidden, "hidden": isHidden, "committed": isCommitted,
      "labels": isHidden ? "hidden" : "open", "importing": importing.joined(separator: " "),
      "version": ScoreReport.toolVersion,
    ]
  }

  /// Writes the files into `folder`, which is made where it is not there and may hold `.git` alone.
  /// They are written aside first and appear at once: where something fails, the folder stays empty.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` where the folder holds anything else.
  public func write(to folder: URL) throws(HarnessError) {
    let manager = FileManager.default
    let isNew = !manager.fileExists(atPath: folder.path)
    let present = (try? manager.contentsOfDirectory(atPath: folder.path)) ?? []
    guard isNew || present.allSatisfy({ $0 == ".git" }), !isFile(folder) else {
      throw .conflict(
        what: "\(folder.relativePath) is not an empty folder",
        hint: "Name another one; only a folder that holds nothing but .git is filled.")
    }
    let draft = folder.appending(path: ".invitro-board.part", directoryHint: .isDirectory)
    var moved: [URL] = []
    do {
      for file in try files() {
        try AtomicFile.write(
          file.data, to: draft.appending(path: file.path),
          permissions: file.isExecutable ? 0o755 : 0o644)
      }
      for name in try manager.contentsOfDirectory(atPath: draft.path) {
        let target = folder.appending(path: name)
        try AtomicFile.rename(draft.appending(path: name), to: target)
        moved.append(target)
      }
      try manager.removeItem(at: draft)
    } catch {
      for url in moved + [draft] + (isNew ? [folder] : []) { try? manager.removeItem(at: url) }
      if let error = error as? HarnessError { throw error }
      if let error = error as? BasicsError { throw HarnessError(error) }
      throw .system(path: folder.relativePath, reason: error.localizedDescription)
    }
  }

  private func isFile(_ url: URL) -> Bool {
    (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == false
  }
}
