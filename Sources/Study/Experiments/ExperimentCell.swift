import Basics
import Foundation
public import Reference

/// Everything that a cell's predictions depend on; its hash names the cell's folder.
///
/// Content stands here and not names: rows whose training rows come out the same (an alpha that no
/// label exceeds, and the crowd's labels) share their cells. OpenBLAS picks its kernels by the
/// processor, so that another kind of machine may give other bits for the same cell; a run's
/// `run.json` says which kernels it had.
public struct ExperimentCell: Sendable, Equatable, Codable {
  public var schema = 1
  /// ``TrainingRun/arithmetic`` of the program.
  public var arithmetic = TrainingRun.arithmetic
  /// SHA-256 over the pretrained model's files.
  public let model: String
  /// SHA-256 over the texts and labels of the training rows in their order.
  public let training: String
  public let trainingRows: Int
  public let validation: String
  public let validationRows: Int
  /// With the seed and the number of threads.
  public let configuration: TrainingConfiguration
  public let maxLength: Int
  public let checkpoint: ExperimentRecipe.Checkpoint

  public init(
    model: String, training: LabelledRows, validation: LabelledRows, recipe: ExperimentRecipe,
    seed: UInt64
  ) {
    self.model = model
    self.training = training.digest
    trainingRows = training.texts.count
    self.validation = validation.digest
    validationRows = validation.texts.count
    configuration = recipe.configuration(seed: seed)
    maxLength = recipe.maxLength
    checkpoint = recipe.checkpoint
  }

  /// The first 16 hexadecimal digits of the SHA-256 of the cell as JSON with sorted keys.
  public func name() throws -> String {
    String(Digest.sha256(try CanonicalJSON.compact(self)).prefix(16))
  }
}

/// A part of a grid that one of several processes computes.
public struct Shard: Sendable, Equatable {
  /// From 1 to ``count``.
  public let index: Int
  public let count: Int

  /// All of the grid.
  public static let whole = Shard(index: 1, count: 1)

  private init(index: Int, count: Int) {
    (self.index, self.count) = (index, count)
  }

  /// `i/n`, with 1 <= i <= n; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], index >= 1, index <= count
    else { return nil }
    self.init(index: index, count: count)
  }

  /// The elements whose place, from 0, is index - 1 modulo the count.
  public func part<Element>(of elements: [Element]) -> [Element] {
    elements.indices.filter { $0 % count == index - 1 }.map { elements[$0] }
  }
}
