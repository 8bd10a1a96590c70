/// The learning rate over a run: a linear rise, then a linear fall to 0.
public struct Schedule: Equatable, Sendable, Codable {
  /// When the rate changes.
  public enum Form: String, Sendable, Codable, CaseIterable {
    /// With every optimiser step, as the paper describes.
    case step
    /// With every epoch, while warm-up and horizon are still counted in steps, as the released code
    /// does: the rate is 0 in the first epoch and never leaves warm-up.
    case epoch
  }

  public var form: Form
  public var peak: Double
  /// Steps of warm-up. Not rounded: the recipe's is 0.06·steps·10.
  public var warmUp: Double
  /// Steps after which the rate is 0.
  public var total: Double

  public init(form: Form, peak: Double, warmUp: Double, total: Double) {
    self.form = form
    self.peak = peak
    self.warmUp = warmUp
    self.total = total
  }

  /// The recipe's schedule: warm-up over `warmUpRatio` of `warmUpEpochs` epochs, horizon
  /// `epochs` epochs.
  public init(
    form: Form, peak: Double, stepsPerEpoch: Int, epochs: Int, warmUpRatio: Double,
    warmUpEpochs: Int
  ) {
    self.init(
      form: form, peak: peak, warmUp: warmUpRatio * Double(stepsPerEpoch) * Double(warmUpEpochs),
      total: Double(stepsPerEpoch) * Double(epochs))
  }

  /// The rate used in optimiser step `step` (from 0) of epoch `epoch` (from 0).
  ///
  /// peak·k/warm-up below the warm-up, then peak·(total - k)/(total - warm-up), never below 0.
  /// Step 0 has rate 0: the moments change, the weights do not.
  public func rate(step: Int, epoch: Int) -> Double {
    let k = Double(form == .step ? step : epoch)
    if k < warmUp { return peak * (k / max(1, warmUp)) }
    return peak * max(0, (total - k) / max(1, total - warmUp))
  }
}
