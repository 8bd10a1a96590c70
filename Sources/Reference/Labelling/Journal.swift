import Basics
public import Foundation
import Glibc
import Synchronization

/// One answer of a model, as a line of a journal.
public struct JournalEntry: Codable, Sendable, Equatable {
  public var schema = 3
  public var question: Question
  /// 0 for the first time it was asked, 1 for the second, after an unreadable answer.
  public var attempt: Int
  /// The name of the prompt; its digest stands in the question.
  public var promptName: String
  /// The answer, unchanged.
  public var answer: String
  public var promptTokens, answerTokens: Int?
  /// As the server gave them: the model's name, the state of the machines, why the answer ends, and
  /// all counts of tokens.
  public var model, systemFingerprint, finishReason: String?
  public var usage: [String: Int]
  /// The batch that the answer came in; nil for one that was asked for alone.
  public var batch: String?
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
    public let settings: ChatSettings

    package init(
      id: String, essay: String, sample: Int, prompt: String, model: String,
      settings: ChatSettings = ChatSettings()
    ) {
      (self.id, self.essay, self.sample) = (id, essay, sample)
      (self.prompt, self.model, self.settings) = (prompt, model, settings)
    }
  }

  /// An answer that came just now; `read` is nil where it cannot be read.
  package init(
    _ question: Question, attempt: Int, promptName: String, _ answer: ChatAnswer,
    _ read: RatingAnswer?, seconds: Double, batch: String? = nil
  ) {
    (self.promptName, self.batch) = (promptName, batch)
    (model, systemFingerprint) = (answer.model, answer.systemFingerprint)
    (finishReason, usage) = (answer.finishReason, answer.usage)
    (self.question, self.attempt, self.answer) = (question, attempt, answer.text)
    (promptTokens, answerTokens) = (answer.promptTokens, answer.answerTokens)
    tolerated = read?.tolerated.sorted { $0.rawValue < $1.rawValue } ?? []
    (scores, self.seconds) = (read?.scores, seconds)
  }
}

/// What became of a batch, as a line of a journal; the last line of a key counts.
public struct BatchRecord: Codable, Sendable, Equatable {
  public var schema = 3
  /// The program's own name for the batch, which the server keeps with it. It is written before the
  /// batch is submitted, so that one whose id was never received is found again.
  public let key: String
  /// SHA-256 of all questions of the run, with or without an answer.
  public let run: String
  /// The number of questions in it.
  public let questions: Int
  /// The server's ids of the uploaded file, and of the batch.
  public var file: String
  public var batch: String?
  /// How it ended, once its answers are in the journal.
  public var ended: String?
  public var time = Date().timeIntervalSince1970

  package init(key: String, run: String, questions: Int, file: String) {
    (self.key, self.run, self.questions, self.file) = (key, run, questions, file)
  }
}

/// An append-only file of answers and batches, one JSON object per line, written by one process at a time. A
/// crash can leave an unfinished last line, which is cut off; damage anywhere else is an error.
public final class Journal: Sendable {
  public let file: URL
  public var entries: [JournalEntry] { written.withLock { $0.entries } }
  /// The batch whose answers are still to come.
  public var openBatch: BatchRecord? { written.withLock { $0.openBatch } }
  /// Whether opening cut off an unfinished last line.
  public let wasTruncated: Bool
  private let descriptor: Int32
  private let written: Mutex<Content>

  public struct Content: Sendable {
    public var entries: [JournalEntry] = []
    public var openBatch: BatchRecord?

    fileprivate mutating func add(_ line: Line) {
      switch line {
      case .answer(let entry): entries.append(entry)
      case .batch(let batch): openBatch = batch.ended == nil ? batch : nil
      }
    }
  }

  fileprivate enum Line: Codable {
    case answer(JournalEntry)
    case batch(BatchRecord)

    private enum Key: CodingKey { case key }

    init(from decoder: any Decoder) throws {
      let isBatch = try decoder.container(keyedBy: Key.self).contains(.key)
      self =
        isBatch ? .batch(try BatchRecord(from: decoder)) : .answer(try JournalEntry(from: decoder))
    }

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .answer(let entry): try entry.encode(to: encoder)
      case .batch(let batch): try batch.encode(to: encoder)
      }
    }
  }

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
      let (content, length, isWhole) = try Self.read(file)
      if !isWhole, ftruncate(descriptor, off_t(length)) != 0 { throw ReferenceError.system(file) }
      written = Mutex(content)
      wasTruncated = !isWhole
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// What is in a journal that another process may be using; nothing is changed.
  public static func content(of file: URL) throws(ReferenceError) -> Content {
    try read(file).content
  }

  private static func read(_ file: URL)
    throws(ReferenceError) -> (content: Content, length: Int, isWhole: Bool)
  {
    let bytes = try ReferenceError.read(file, expected: "a journal of answers")
    var content = Content()
    var length = 0
    let decoder = JSONDecoder()
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.dropLast().enumerated() {
      do { content.add(try decoder.decode(Line.self, from: line)) } catch {
        // A crash of the machine may leave a last line of the right length with wrong content.
        if length + line.count + 1 == bytes.count { return (content, length, false) }
        let place = ReferenceError.Diagnostic.Place.line(index + 1)
        throw .invalid(file, at: place, found: "a damaged line", expected: "an answer as JSON")
      }
      length += line.count + 1
    }
    return (content, length, length == bytes.count)
  }

  /// Writes `entry` and returns when it is on disk. A line that was written in part is removed again.
  public func append(_ entry: JournalEntry) throws(ReferenceError) { try append(.answer(entry)) }

  public func append(_ batch: BatchRecord) throws(ReferenceError) { try append(.batch(batch)) }

  private func append(_ new: Line) throws(ReferenceError) {
    guard var line = try? CanonicalJSON.compact(new) else {
      throw .file(path: file.path, reason: "an answer cannot be encoded")
    }
    line.append(UInt8(ascii: "\n"))
    let failure = written.withLock { content -> String? in
      let length = lseek(descriptor, 0, SEEK_END)
      let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count == line.count, fsync(descriptor) == 0 {
        content.add(new)
        return nil
      }
      let reason = count < 0 ? String(cString: strerror(errno)) : "the disk is full"
      _ = ftruncate(descriptor, length)
      return reason
    }
    if let failure { throw .file(path: file.path, reason: "cannot be written: \(failure)") }
  }
}
