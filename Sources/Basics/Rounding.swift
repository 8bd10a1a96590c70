/// Rounding of figures to a number of decimals.
public enum Rounding {
  /// `value` to `decimals` decimals, halves to even, without a negative zero; nil stays nil.
  public static func rounded(_ value: Double?, decimals: Int) -> Double? {
    guard let value, value.isFinite else { return nil }
    let scale = scale(decimals)
    // A number so large has no decimals.
    guard value.magnitude < 1e15 else { return value }
    let rounded = (value * scale).rounded(.toNearestOrEven) / scale
    return rounded == 0 ? 0 : rounded
  }

  private static func scale(_ decimals: Int) -> Double {
    (0..<decimals).reduce(1.0) { product, _ in product * 10 }
  }

  /// `value` with exactly `decimals` decimals.
  public static func text(_ value: Double, decimals: Int = 4) -> String {
    let scale = scale(decimals)
    let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
    guard scaled < 1e18 else { return "\(value)" }
    let digits = UInt64(scaled)
    let sign = value < 0 && digits != 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(digits)" }
    let whole = digits / UInt64(scale)
    let fraction = String(digits % UInt64(scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
