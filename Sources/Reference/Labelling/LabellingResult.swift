import Metrics

/// A model's scores for one essay.
public struct EssayLabel: Sendable, Equatable {
  public let id: String
  /// The scores of each sample that could be read, in the order of the prompt's items.
  public let samples: [[Double]]
  /// The number of samples whose answers cannot be read.
  public let unreadable: Int

  public init(id: String, samples: [[Double]], unreadable: Int = 0) {
    (self.id, self.samples, self.unreadable) = (id, samples, unreadable)
  }

  /// The mean of each item over the samples, or nil where none could be read.
  public var items: [Double]? {
    guard let first = samples.first else { return nil }
    return first.indices.map { item in samples.reduce(0) { $0 + $1[item] } / Double(samples.count) }
  }

  /// The label: the mean of the items' means; nil is missing.
  public var label: Double? { items.map { $0.reduce(0, +) / Double($0.count) } }

  /// The standard deviation (n-1) of the samples' labels; nil with fewer than two.
  public var deviation: Double? {
    let labels = samples.map { $0.reduce(0, +) / Double($0.count) }
    return PairedMoments(predictions: labels, gold: labels).deviationX.value
  }
}

/// The progress of a run.
public struct LabellingProgress: Sendable {
  /// Questions: done in this run or before, in total, and failed.
  public let done, total, failed: Int
  /// HTTP requests of this run.
  public let requests: Int
  /// US dollars of this run, or nil where the model has no price.
  public let spent: Double?
  public let secondsLeft: Double?
}

/// An estimate of what a run would do.
public struct LabellingPlan: Sendable {
  public let essays: Int
  /// Essays times samples, and those of them without an answer in the journal.
  public let questions, toAsk: Int
  /// Estimated tokens sent (four bytes a token).
  public let promptTokens: Int
  /// Estimated US dollars, or nil where the model has no price.
  public let cost: Double?
  /// The user text of the first question; nil where nothing is left to ask.
  public let firstUserText: String?
}

/// The outcome of a run.
public struct LabellingResult: Sendable {
  /// One label for each essay, in order.
  public let labels: [EssayLabel]
  /// Answers by the model's name that the server gave, by the state of its machines, and by why
  /// they end (`length` where they were cut off).
  public let models, systemFingerprints, finishReasons: [String: Int]
  /// How often each habit of the model was tolerated.
  public let tolerated: [RatingAnswer.Tolerance: Int]
  /// Answers that cannot be read, including those whose question was answered the second time.
  public let unreadableAnswers: Int
  /// The last of them.
  public let unreadableSample: String?
  /// Questions without an answer.
  public let failures: [Failure]
  /// Questions that a cap left unasked.
  public let notAsked: Int
  public let requests: Int
  public let spent: Double?
  public let stoppedBy: Cap?

  public struct Failure: Sendable {
    public let id: String
    public let error: ReferenceError
  }

  /// What ends a run before its last question: a cap, answers that cannot be read, or the end of a
  /// batch that was not completed.
  public enum Cap: String, Sendable { case requests, spend, unreadable, batch }
}
