import Glibc

/// The maximum of a ``CrossedLikelihood`` over the shares of the variance, and where a share's profile
/// falls to a threshold.
///
/// Shares are squares of sines and cosines: the likelihood is even and smooth where a share is 0.
struct ShareSearch {
  enum Component { case person, article, rest }

  struct Shares {
    var person, article, rest: Double

    subscript(_ component: Component) -> Double {
      switch component {
      case .person: person
      case .article: article
      case .rest: rest
      }
    }
  }

  struct Place {
    let shares: Shares
    let fit: CrossedLikelihood
  }

  private let design: CrossedDesign
  private var work: [Double] = []
  /// The rest is never nothing.
  private static let largest = 0.9999
  private static let tolerance = 1e-6

  init(_ design: CrossedDesign) { self.design = design }

  /// The largest likelihood.
  mutating func maximum() -> Place {
    var guess: Double?
    let top = asin(Self.largest.squareRoot())
    var best: Place?
    _ = Self.minimum(0...top, tolerance: Self.tolerance) { angle in
      let found = profile(.person, sin(angle) * sin(angle), near: guess, Self.tolerance)
      guess = found.angle
      if found.place.fit.deviance < best?.fit.deviance ?? .infinity { best = found.place }
      return found.place.fit.deviance
    }
    return best ?? place(.person, 0.5, 0)
  }

  /// The values of a share at which the profiled deviance is `threshold` above its minimum.
  mutating func interval(
    of component: Component, around best: Place, threshold: Double
  ) -> (low: Double, high: Double) {
    let value = best.shares[component]
    let end = component == .rest ? 1.0 : Self.largest
    return (
      crossing(
        component, best, from: value, to: component == .rest ? 1 - Self.largest : 0, threshold),
      crossing(component, best, from: value, to: end, threshold)
    )
  }

  /// Between `inside` and `outside`, or `outside` where the deviance stays below the threshold.
  private mutating func crossing(
    _ component: Component, _ best: Place, from inside: Double, to outside: Double,
    _ threshold: Double
  ) -> Double {
    var guess: Double?
    // The root of the excess is nearly linear in the share's angle.
    func excess(_ search: inout ShareSearch, _ angle: Double) -> Double {
      let found = search.profile(component, sin(angle) * sin(angle), near: guess, 1e-4)
      guess = found.angle
      let rise = max(0, found.place.fit.deviance - best.fit.deviance)
      return rise.squareRoot() - threshold.squareRoot()
    }
    var (a, b) = (asin(inside.squareRoot()), asin(outside.squareRoot()))
    var (below, above) = (-threshold.squareRoot(), excess(&self, b))
    guard above > 0 else { return component == .rest || outside == 0 ? outside : 1 }
    // Illinois' form of the false position (Dowell and Jarratt 1971).
    var side = 0
    for _ in 0..<60 {
      let isUsable = above.isFinite
      let angle = isUsable ? (a * above - b * below) / (above - below) : (a + b) / 2
      let here = excess(&self, angle)
      if here > 0 {
        if side == 1 { below /= 2 }
        (b, above, side) = (angle, here, 1)
      } else {
        if side == -1 { above /= 2 }
        (a, below, side) = (angle, here, -1)
      }
      if abs(here) < 1e-5 || abs(b - a) < 1e-7 {
        return sin(angle) * sin(angle)
      }
    }
    return sin(a) * sin(a)
  }

  /// The best way to divide what a share leaves to the other two.
  private mutating func profile(
    _ component: Component, _ share: Double, near guess: Double?, _ tolerance: Double
  ) -> (place: Place, angle: Double) {
    guard design.hasArticles else { return (place(component, share, 0), 0) }
    // The rest may not vanish, but beside the rest either of the two may.
    let top = component == .rest ? Double.pi / 2 : asin(Self.largest.squareRoot())
    let near = guess.map { max(0, $0 - 0.1)...min(top, $0 + 0.1) } ?? 0...top
    var angle = Self.minimum(near, tolerance: tolerance) {
      place(component, share, $0).fit.deviance
    }
    let isCut =
      (near.lowerBound > 0 && angle - near.lowerBound < 0.005)
      || (near.upperBound < top && near.upperBound - angle < 0.005)
    if isCut {
      angle = Self.minimum(0...top, tolerance: tolerance) {
        place(component, share, $0).fit.deviance
      }
    }
    return (place(component, share, angle), angle)
  }

  private mutating func place(_ component: Component, _ share: Double, _ angle: Double) -> Place {
    let (one, two) = ((1 - share) * cos(angle) * cos(angle), (1 - share) * sin(angle) * sin(angle))
    let shares =
      switch component {
      case .person: Shares(person: share, article: two, rest: one)
      case .article: Shares(person: two, article: share, rest: one)
      case .rest: Shares(person: one, article: two, rest: share)
      }
    let fit = CrossedLikelihood(
      design, person: shares.person / shares.rest, article: shares.article / shares.rest,
      work: &work)
    return Place(shares: shares, fit: fit)
  }

  /// Where a function of one number is smallest, within `range`, by golden sections and parabolas
  /// (Brent 1973, *Algorithms for Minimization without Derivatives*, chapter 5).
  private static func minimum(
    _ range: ClosedRange<Double>, tolerance: Double, _ value: (Double) -> Double
  ) -> Double {
    let golden = (3 - 5.0.squareRoot()) / 2
    var (a, b) = (range.lowerBound, range.upperBound)
    var x = a + golden * (b - a)
    var fx = value(x)
    var (w, v, fw, fv) = (x, x, fx, fx)
    var (step, before) = (0.0, 0.0)
    for _ in 0..<100 {
      let middle = (a + b) / 2
      if abs(x - middle) <= 2 * tolerance - (b - a) / 2 { break }
      var isGolden = true
      if abs(before) > tolerance {
        let r = (x - w) * (fx - fv)
        var q = (x - v) * (fx - fw)
        var p = (x - v) * q - (x - w) * r
        q = 2 * (q - r)
        if q > 0 { p = -p }
        q = abs(q)
        if abs(p) < abs(q * before / 2), p > q * (a - x), p < q * (b - x) {
          (before, step) = (step, p / q)
          if x + step - a < 2 * tolerance || b - x - step < 2 * tolerance {
            step = x < middle ? tolerance : -tolerance
          }
          isGolden = false
        }
      }
      if isGolden {
        before = x < middle ? b - x : a - x
        step = golden * before
      }
      let u = x + (abs(step) >= tolerance ? step : step > 0 ? tolerance : -tolerance)
      let fu = value(u)
      if fu <= fx {
        if u < x { b = x } else { a = x }
        (v, fv, w, fw, x, fx) = (w, fw, x, fx, u, fu)
      } else {
        if u < x { a = u } else { b = u }
        if fu <= fw || w == x {
          (v, fv, w, fw) = (w, fw, u, fu)
        } else if fu <= fv || v == x || v == w {
          (v, fv) = (u, fu)
        }
      }
    }
    return x
  }
}
