import Basics
import Foundation

/// What a team says of its system: the content of `submission.json`.
public struct SubmissionMetadata: Codable, Sendable, Equatable {
  /// Version of this document's form.
  public var schema: Int = 1
  public var benchmark, split, team, system: String
  public var kind: Kind
  /// Day of submission, of a published entry the day its figures appeared, `YYYY-MM-DD`; it is given,
  /// never taken from a clock at build time.
  public var submitted: String?
  /// At most ``maxDescriptionLength`` characters.
  public var description: String?
  public var baseModels: [BaseModel]?
  /// Names of the data the system was trained on, for example `newsemp24/train`.
  public var trainingData: [String]?
  public var usesDevLabels, usesEarlierYears: Bool?
  public var llmLabels: LLMLabels?
  public var usesDemographics: Bool?
  public var seeds: [Int]?
  /// How one run was chosen among the seeds, in words.
  public var selection: String?
  public var codeURL, codeCommit, paperURL, bibtex: String?
  /// Where the trained model can be had: its checkpoint or its adapter.
  public var modelURL: String?
  /// How many parameters the model has, of an ensemble all its models together: a whole number, which a
  /// decoder of `Int` would refuse without naming the field where it has a fraction.
  public var parameters: Double?
  /// What the labels beyond the benchmark's own cost, in US dollars: an LLM's or further raters'; 0 for
  /// a system that uses none.
  public var labelCostUSD: Double?
  /// How the maintainers reach the team. Never shown.
  public var contact: String?
  /// Scores that the team or its paper claims, by target and metric.
  public var claimed: TargetTable<[String: Double]>?
  /// Targets the system predicts.
  public var targets: [String]?
  /// Digest of the predictions as read, 64 hexadecimal digits; none for a published entry.
  public var predictionsSHA256: String?
  /// What happened to the entry after ``submitted``, oldest first.
  public var history: [Event]?
  /// Of an entry in a folder, as `submit add` and `submission rescore` record it; never shown.
  public var scored: Scored?

  public enum Kind: String, Codable, Sendable, CaseIterable {
    case fineTuned = "fine-tuned"
    case prompted, ensemble, baseline
    /// Claimed in a paper; there are no predictions to score.
    case published
  }

  /// One event of an entry's history.
  public struct Event: Codable, Sendable, Equatable {
    /// `YYYY-MM-DD`.
    public var day: String
    public var kind: Kind
    /// What happened and why, in a sentence; for a reproduction by whom and with what result.
    public var text: String

    public enum Kind: String, Codable, Sendable, CaseIterable {
      /// Somebody else trained the system again.
      case reproduced
      /// Keeps its page and loses its place; its predictions may go.
      case withdrawn
      /// Takes a withdrawal back.
      case restored
      /// Its figures were computed anew, and some changed.
      case rescored
      case note
    }

    public init(day: String, kind: Kind, text: String) {
      (self.day, self.kind, self.text) = (day, kind, text)
    }
  }

  /// The event that took the entry off its board; nil where it stands there.
  public var withdrawal: Event? {
    let last = history?.last { $0.kind == .withdrawn || $0.kind == .restored }
    return last?.kind == .withdrawn ? last : nil
  }

  /// The latest reproduction by somebody else.
  public var reproduction: Event? { history?.last { $0.kind == .reproduced } }

  public struct BaseModel: Codable, Sendable, Equatable {
    public var name: String
    public var revision: String?

    public init(name: String, revision: String? = nil) {
      (self.name, self.revision) = (name, revision)
    }
  }

  public struct LLMLabels: Codable, Sendable, Equatable {
    public var model: String
    public var promptSHA256: String?

    public init(model: String, promptSHA256: String? = nil) {
      (self.model, self.promptSHA256) = (model, promptSHA256)
    }
  }

  /// Whether nothing is said beyond the names, the kind, a description and what a server adds.
  package var isPlain: Bool {
    var plain = SubmissionMetadata(
      benchmark: benchmark, split: split, team: team, system: system, kind: kind)
    (plain.schema, plain.submitted, plain.description) = (schema, submitted, description)
    (plain.targets, plain.predictionsSHA256) = (targets, predictionsSHA256)
    return plain == self
  }

  public init(benchmark: String, split: String, team: String, system: String, kind: Kind) {
    (self.benchmark, self.split, self.team) = (benchmark, split, team)
    (self.system, self.kind) = (system, kind)
  }
}

extension SubmissionMetadata {
  /// Of a ``description``, in Unicode scalars.
  public static let maxDescriptionLength = 4000

  /// What is wrong with the metadata itself.
  /// - Parameter targets: of the benchmark, where they are known.
  package func faults(file: String, targets known: [String]? = nil) -> [Diagnostic] {
    var faults: [Diagnostic] = []
    func fault(_ field: String, _ found: String, _ expected: String) {
      faults.add(.metadata, file: file, field: field, found: found, expected: expected)
    }
    if schema != 1 { fault("schema", "\(schema)", "1") }
    for (field, text) in [("team", team), ("system", system)] {
      do throws(DisplayName.Fault) {
        _ = try DisplayName(text)
      } catch {
        fault(field, error.found, error.expected)
      }
    }
    if let length = description?.unicodeScalars.count, length > Self.maxDescriptionLength {
      fault(
        "description", "\(length) characters", "at most \(Self.maxDescriptionLength) characters")
    }
    let links = [("codeURL", codeURL), ("paperURL", paperURL), ("modelURL", modelURL)]
    for (field, link) in links {
      guard let link else { continue }
      let scheme = URL(string: link)?.scheme?.lowercased()
      if scheme != "http" && scheme != "https" { fault(field, link, "an http or https link") }
    }
    if let parameters, parameters < 1 || parameters > 1e15 || parameters != parameters.rounded() {
      fault("parameters", "\(parameters)", "the number of parameters, a whole number above 0")
    }
    if let labelCostUSD, !(0..<1e15).contains(labelCostUSD) {
      fault("labelCostUSD", "\(labelCostUSD)", "an amount of US dollars, 0 or more")
    }
    if let submitted, !Self.isDay(submitted) {
      fault("submitted", submitted, "a day as YYYY-MM-DD")
    }
    for event in history ?? [] {
      if !Self.isDay(event.day) { fault("history.day", event.day, "a day as YYYY-MM-DD") }
      if event.text.allSatisfy(\.isWhitespace) {
        fault("history.text", event.text, "what happened, in a sentence")
      }
    }
    if let days = history?.map(\.day), days != days.sorted() {
      fault("history", days.joined(separator: ", "), "the oldest event first")
    }
    for (field, names) in [("targets", targets ?? []), ("claimed", (claimed ?? [:]).keys.sorted())]
    {
      guard let known, let stranger = names.first(where: { !known.contains($0) }) else { continue }
      fault(field, stranger, "targets of \(benchmark): \(known.joined(separator: ", "))")
    }
    if kind == .published && claimed == nil {
      fault("claimed", "", "the scores that the publication claims")
    }
    return faults
  }

  /// Whether `text` has the form `YYYY-MM-DD`.
  private static func isDay(_ text: String) -> Bool {
    text.utf8.count == 10
      && text.utf8.enumerated().allSatisfy { place, byte in
        place == 4 || place == 7 ? byte == UInt8(ascii: "-") : (0x30...0x39).contains(byte)
      }
  }
}

/// Folder names of entries: lower case ASCII letters, digits and single hyphens, at most 80.
public enum Slug {
  public static func isValid(_ text: String) -> Bool { !text.isEmpty && make(text) == text }

  /// The slug of a name; empty where the name has no letter or digit that ASCII can show.
  public static func make(_ name: String) -> String {
    let folded = name.folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
    var slug = ""
    for byte in folded.lowercased().utf8 {
      let plain = (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
      if plain {
        slug.unicodeScalars.append(Unicode.Scalar(byte))
      } else if byte < 0x80, !slug.isEmpty, slug.last != "-" {
        slug += "-"
      }
    }
    return String(slug.prefix(80)).trimmingCharacters(in: ["-"])
  }
}
