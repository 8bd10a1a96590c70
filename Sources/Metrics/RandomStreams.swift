public import Basics

/// What a stream of random numbers is for; two purposes never share draws.
public enum RandomStream: UInt64, Sendable {
  case bootstrap = 1, swap, groups, power, simulation
}

/// A replicate owns a fixed range of a stream's draws, so that it does not depend on the number of
/// threads, on the systems beside it or on the replicates before it.
extension SplitMix64 {
  public init(seed: UInt64, stream: RandomStream) {
    let key = Self.mix(seed &+ Self.gamma) ^ (stream.rawValue &* 0xD1B5_4A32_D192_ED03)
    self.init(seed: Self.mix(key))
  }

  /// The next standard normal number, by inversion.
  public mutating func normal() -> Double { Distributions.normalQuantile(uniformInside()) }
}
