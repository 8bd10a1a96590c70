/// The figures of the WASSA shared tasks, as the organisers' script makes them.
///
/// They differ from ours on purpose: a constant column counts 0 in place of being undefined, and
/// each correlation is rounded to 4 decimals before targets are averaged.
public enum WASSA {
  /// Pearson's correlation rounded to 4 decimals; 0 where a column is constant.
  ///
  /// Undefined only where there are no rows or a value is not finite.
  public static func pcc(_ x: [Double], _ y: [Double]) -> Figure {
    rounded(PairedMoments(predictions: x, gold: y).pcc())
  }

  /// The organisers' figure from ours.
  public static func rounded(_ pcc: Figure) -> Figure {
    switch pcc {
    case .value(let number): .value(fourDecimals(number))
    case .undefined(.noRows), .undefined(.notFinite): pcc
    case .undefined: .value(0)
    }
  }

  /// The mean of the rounded figures of all targets; undefined where one of them is.
  public static func averaged(_ figures: [Figure]) -> Figure {
    guard !figures.isEmpty else { return .undefined(.noRows) }
    var sum = 0.0
    for figure in figures {
      switch figure {
      case .value(let number): sum += number
      case .undefined: return figure
      }
    }
    return .value(sum / Double(figures.count))
  }

  /// `number` to 4 decimals, halves to even by its exact value, as Python's `round` does.
  public static func fourDecimals(_ number: Double) -> Double {
    let scaled = number * 10_000
    var whole = scaled.rounded(.toNearestOrEven)
    if (scaled - scaled.rounded(.down)) == 0.5 {
      // The product may have been rounded onto the half; its error says on which side it was.
      let error = (-scaled).addingProduct(number, 10_000)
      if error > 0 { whole = scaled.rounded(.up) }
      if error < 0 { whole = scaled.rounded(.down) }
    }
    return whole / 10_000
  }
}
