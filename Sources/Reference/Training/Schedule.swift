import Glibc

/// The learning rate over a run: a linear rise, and then what the form says.
public struct Schedule: Equatable, Sendable, Codable {
  /// What the rate does after the warm-up.
  public enum Form: String, Sendable, Codable, CaseIterable {
    /// Falls linearly to 0, with every optimiser step, as the paper describes.
    case step
    /// Falls with every epoch, while warm-up and horizon are counted in steps, as the released code
    /// does.
    case epoch
    /// Stays.
    case constant
    /// Falls to ``Schedule/end`` as a power of the share that is left; that of transformers'
    /// `get_polynomial_decay_schedule_with_warmup`.
    case polynomial
    /// Stays until the validation loss does; see ``Plateau``.
    case plateau

    /// The usual warm-up, as a share of the steps of ten epochs: the paper's, and none where the
    /// forms of this name in PyTorch and transformers have none.
    public var usualWarmUp: Double { [.constant, .plateau].contains(self) ? 0 : 0.06 }
  }

  public var form: Form
  public var peak: Double
  /// Of `polynomial`: the rate at the end, and the power.
  public var end, power: Double
  /// Steps of warm-up. Not rounded: the recipe's is 0.06·steps·10.
  public var warmUp: Double
  /// Steps after which the fall is over.
  public var total: Double

  public init(
    form: Form, peak: Double, end: Double = 1e-7, power: Double = 1, warmUp: Double, total: Double
  ) {
    (self.form, self.peak, self.end, self.power) = (form, peak, end, power)
    (self.warmUp, self.total) = (warmUp, total)
  }

  /// The rate in optimiser step `step` of epoch `epoch`, both from 0: peak·k/warm-up below the
  /// warm-up, then for the linear forms peak·(total - k)/(total - warm-up), never below 0.
  public func rate(step: Int, epoch: Int) -> Double {
    let k = Double(form == .epoch ? epoch : step)
    if k < warmUp { return peak * (k / max(1, warmUp)) }
    let left = max(0, (total - k) / max(1, total - warmUp))
    switch form {
    case .step, .epoch: return peak * left
    case .constant, .plateau: return peak
    case .polynomial: return (peak - end) * pow(left, power) + end
    }
  }
}

/// Lowers the rate where the validation loss (MSE) no longer falls; PyTorch's `ReduceLROnPlateau`
/// with its relative threshold.
public struct Plateau: Equatable, Sendable, Codable {
  /// What the rate is multiplied by.
  public var factor = 0.1
  /// Epochs in a row without improvement that the rate outlives.
  public var patience = 10
  /// Share of the least loss by which an epoch's has to lie below it to count.
  public var threshold = 1e-4

  public init() {}

  /// What has been seen so far.
  public struct State: Equatable, Sendable, Codable {
    public var least: Double?
    public var epochsWithoutImprovement = 0
    /// What the schedule's rate is multiplied by.
    public var scale = 1.0
    public init() {}
  }

  /// Records an epoch's validation loss; nil, where there are no validation rows, says nothing.
  public func observe(_ loss: Double?, state: inout State) {
    guard let loss else { return }
    if let least = state.least, loss >= least * (1 - threshold) {
      state.epochsWithoutImprovement += 1
    } else {
      (state.least, state.epochsWithoutImprovement) = (loss, 0)
    }
    guard state.epochsWithoutImprovement > patience else { return }
    (state.scale, state.epochsWithoutImprovement) = (state.scale * factor, 0)
  }
}
