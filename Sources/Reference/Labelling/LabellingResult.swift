/// A model's scores for one essay.
public struct EssayLabel: Sendable, Equatable {
  public let id: String
  /// The scores of each sample that could be read, in the order of the prompt's items.
  public let samples: [[Double]]
  /// The number of samples whose answers cannot be read.
  public let unreadable: Int

  public init(id: String, samples: [[Double]], unreadable: Int = 0) {
    self.id = id
    self.samples = samples
    self.unreadable = unreadable
  }

  /// From the journal's answers to each sample's question.
  init(id: String, samples: [[JournalEntry]]) {
    self.init(
      id: id, samples: samples.compactMap { $0.compactMap(\.scores).first },
      unreadable: samples.count { !$0.isEmpty && $0.allSatisfy { $0.scores == nil } })
  }

  /// The mean of each item over the samples, or nil where none could be read.
  public var items: [Double]? {
    guard let first = samples.first else { return nil }
    return first.indices.map { item in
      samples.reduce(0) { $0 + $1[item] } / Double(samples.count)
    }
  }

  /// The label: the mean of the items' means; nil is missing.
  public var label: Double? { items.map { $0.reduce(0, +) / Double($0.count) } }

  /// The standard deviation (n-1) of the samples' labels; nil with fewer than two.
  public var deviation: Double? {
    guard samples.count > 1 else { return nil }
    let means = samples.map { $0.reduce(0, +) / Double($0.count) }
    let mean = means.reduce(0, +) / Double(means.count)
    let squares = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(means.count - 1)).squareRoot()
  }
}

/// The progress of a run.
public struct LabellingProgress: Sendable, Equatable {
  /// Questions that are done (in this run or before), out of `total`.
  public let done: Int
  public let total: Int
  public let failed: Int
  /// HTTP requests of this run.
  public let requests: Int
  /// US dollars of this run, or nil where the model has no price.
  public let spent: Double?
  public let secondsLeft: Double?
}

/// An estimate of what a run would do.
public struct LabellingPlan: Sendable, Equatable {
  public let essays: Int
  /// Essays times samples.
  public let questions: Int
  /// Questions without an answer in the journal.
  public let toAsk: Int
  /// Estimated tokens sent (four bytes a token).
  public let promptTokens: Int
  /// Estimated US dollars, or nil where the model has no price.
  public let cost: Double?
  public let system: String
  /// The user text of the first question; nil where nothing is left to ask.
  public let firstUserText: String?
  public let promptDigest: String
}

/// The outcome of a run.
public struct LabellingResult: Sendable, Equatable {
  /// One label for each essay, in order.
  public let labels: [EssayLabel]
  /// How often each habit of the model was tolerated.
  public let tolerated: [RatingAnswer.Tolerance: Int]
  /// Answers that cannot be read, including those whose question was answered the second time.
  public let unreadableAnswers: Int
  /// Questions without an answer; another run asks them again.
  public let failures: [Failure]
  /// Questions that a cap left unasked.
  public let notAsked: Int
  public let requests: Int
  public let spent: Double?
  public let stoppedBy: Cap?

  public struct Failure: Sendable, Equatable {
    public let id: String
    public let error: ReferenceError
  }

  /// The caps of a run.
  public enum Cap: String, Sendable {
    case requests
    case spend
  }
}
