import Basics
public import Foundation
import Glibc
import Synchronization

/// One answer of a model, as a line of a journal.
public struct JournalEntry: Codable, Sendable, Equatable {
  public var schema = 2
  public var question: Question
  /// 0 for the first time it was asked, 1 for the second, after an unreadable answer.
  public var attempt: Int
  /// The answer, unchanged.
  public var answer: String
  public var promptTokens, answerTokens: Int?
  /// The scores in the order of the prompt's items; nil where the answer cannot be read.
  public var scores: [Double]?
  public var tolerated: [RatingAnswer.Tolerance]
  /// When the answer came, in seconds since 1970, and how long it took.
  public var time = Date().timeIntervalSince1970
  public var seconds: Double

  /// What was asked; a change in any part makes it another question.
  public struct Question: Codable, Hashable, Sendable {
    /// The id of the essay.
    public let id: String
    /// SHA-256 of the essay's text, so that another text with the same id is asked again.
    public let essay: String
    /// The number of the sample, from 0.
    public let sample: Int
    /// The digest of the prompt, and the name of the model.
    public let prompt, model: String

    package init(id: String, essay: String, sample: Int, prompt: String, model: String) {
      (self.id, self.essay, self.sample) = (id, essay, sample)
      (self.prompt, self.model) = (prompt, model)
    }
  }

  /// An answer that came just now; `read` is nil where it cannot be read.
  package init(
    _ question: Question, attempt: Int, _ answer: ChatAnswer, _ read: RatingAnswer?, seconds: Double
  ) {
    (self.question, self.attempt, self.answer) = (question, attempt, answer.text)
    (promptTokens, answerTokens) = (answer.promptTokens, answer.answerTokens)
    tolerated = read?.tolerated.sorted { $0.rawValue < $1.rawValue } ?? []
    (scores, self.seconds) = (read?.scores, seconds)
  }
}

/// An append-only file of answers, one JSON object per line, written by one process at a time. A
/// crash can leave an unfinished last line, which is cut off; damage anywhere else is an error.
public final class Journal: Sendable {
  public let file: URL
  public var entries: [JournalEntry] { written.withLock { $0 } }
  /// Whether opening cut off an unfinished last line.
  public let wasTruncated: Bool
  private let descriptor: Int32
  private let written: Mutex<[JournalEntry]>

  /// Opens the journal at `file`, or creates it. Throws where it is in use or has a damaged line.
  public init(_ file: URL) throws(ReferenceError) {
    self.file = file
    descriptor = open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(file) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .inUse(path: file.path)
    }
    do throws(ReferenceError) {
      let (entries, length, isWhole) = try Self.read(file)
      if !isWhole, ftruncate(descriptor, off_t(length)) != 0 { throw ReferenceError.system(file) }
      written = Mutex(entries)
      wasTruncated = !isWhole
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// The entries of a journal that another process may be using; nothing is changed.
  public static func entries(of file: URL) throws(ReferenceError) -> [JournalEntry] {
    try read(file).entries
  }

  private static func read(_ file: URL)
    throws(ReferenceError) -> (entries: [JournalEntry], length: Int, isWhole: Bool)
  {
    let bytes = try ReferenceError.read(file, expected: "a journal of answers")
    var entries: [JournalEntry] = []
    var length = 0
    let decoder = JSONDecoder()
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.dropLast().enumerated() {
      do { entries.append(try decoder.decode(JournalEntry.self, from: line)) } catch {
        // A crash of the machine may leave a last line of the right length with wrong content.
        if length + line.count + 1 == bytes.count { return (entries, length, false) }
        let place = ReferenceError.Diagnostic.Place.line(index + 1)
        throw .invalid(file, at: place, found: "a damaged line", expected: "an answer as JSON")
      }
      length += line.count + 1
    }
    return (entries, length, length == bytes.count)
  }

  /// Writes `entry` and returns when it is on disk. A line that was written in part is removed again.
  public func append(_ entry: JournalEntry) throws(ReferenceError) {
    guard var line = try? CanonicalJSON.compact(entry) else {
      throw .file(path: file.path, reason: "an answer cannot be encoded")
    }
    line.append(UInt8(ascii: "\n"))
    let failure = written.withLock { entries -> String? in
      let length = lseek(descriptor, 0, SEEK_END)
      let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count == line.count, fsync(descriptor) == 0 {
        entries.append(entry)
        return nil
      }
      let reason = count < 0 ? String(cString: strerror(errno)) : "the disk is full"
      _ = ftruncate(descriptor, length)
      return reason
    }
    if let failure { throw .file(path: file.path, reason: "cannot be written: \(failure)") }
  }
}
