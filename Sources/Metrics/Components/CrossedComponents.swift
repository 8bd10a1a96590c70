import COpenBLAS
import Glibc

/// How much of the variance of rows lies between persons, between articles, and in the rest.
///
/// y = μ + p_i + a_k + e with independent effects of persons and articles, crossed, fitted by
/// restricted maximum likelihood (Patterson and Thompson 1971, Biometrika 58:545). The likelihood is
/// profiled over μ and the scale, as in lme4 (Bates et al. 2015, J. Stat. Softw. 67:1, section 3.4),
/// so that the shares alone are left.
///
/// Intervals are profile likelihoods of each share: all values that a likelihood-ratio test does not
/// reject. They stay within [0, 1], need no symmetry, and where a share of 0 is not rejected they
/// begin there (then with more than the nominal coverage, Self and Liang 1987).
public struct CrossedComponents: Sendable, Hashable {
  /// A share of the variance, in [0, 1], and its interval.
  public struct Share: Sendable, Hashable {
    public let value, low, high: Double
  }

  public let person: Share
  /// Absent where rows have no article.
  public let article: Share?
  public let rest: Share
  /// The variance of a row, all components together.
  public let variance: Double
  /// μ by generalised least squares.
  public let mean: Double
  /// The logarithm of the restricted likelihood, with all constants.
  public let logLikelihood: Double
  public let rows, persons, articles: Int

  /// Levels of the smaller factor beyond which the dense factorisation takes too long.
  public static let maxLevels = 1_500

  /// - Parameters:
  ///   - values: (N,), finite.
  ///   - persons: (N,), any numbers that differ where persons do; articles: the same, or nil.
  ///   - level: nominal coverage of the intervals, in (0, 1).
  /// - Returns: undefined with fewer than 3 persons (or articles), without rows beyond one a person
  ///   (or an article), where persons and articles are the same partition, where values are constant
  ///   and with more than ``maxLevels`` of both.
  public static func fit(
    _ values: [Double], persons: [Int], articles: [Int]?, level: Double = 0.95
  ) -> Outcome<CrossedComponents> {
    let design = CrossedDesign(values, persons, articles)
    if let reason = design.obstacle { return .undefined(reason) }
    let threadsBefore = openblas_get_num_threads()
    // One thread: the same bits on any machine.
    openblas_set_num_threads(1)
    defer { openblas_set_num_threads(threadsBefore) }
    return .value(CrossedComponents(design, level: level))
  }

  private init(_ design: CrossedDesign, level: Double) {
    var search = ShareSearch(design)
    let best = search.maximum()
    let z = Distributions.normalQuantile((1 + level) / 2)
    func share(_ component: ShareSearch.Component) -> Share {
      let (low, high) = search.interval(of: component, around: best, threshold: z * z)
      return Share(value: best.shares[component], low: low, high: high)
    }
    person = share(.person)
    article = design.hasArticles ? share(.article) : nil
    rest = share(.rest)
    variance = best.fit.restVariance / best.shares.rest
    mean = best.fit.mean
    logLikelihood = -best.fit.deviance / 2
    rows = design.rows
    (persons, articles) = (design.persons, design.articles)
  }
}

/// Rows as counts and sums of the levels of two crossed factors; the one with more levels is
/// eliminated first, which leaves a dense matrix of the other's size.
struct CrossedDesign {
  let rows, persons, articles: Int
  let hasArticles: Bool
  /// Whether the persons are the factor that is eliminated.
  let personsFirst: Bool
  /// Mean of the values, and sum of squares about it.
  let centre, sumSquares: Double
  /// Of the eliminated and of the kept factor: rows and sum (about the mean) of each level.
  let sizes, keptSizes: [Double]
  let sums, keptSums: [Double]
  /// Cells by eliminated level: where each one's begin, the kept level and the rows of each.
  let cellStarts, cellLevels: [Int]
  let cellRows: [Double]

  init(_ values: [Double], _ personNames: [Int], _ articleNames: [Int]?) {
    precondition(personNames.count == values.count, "one person a row")
    precondition(articleNames.map { $0.count == values.count } ?? true, "one article a row")
    let (person, personCount) = Self.numbered(personNames)
    let (article, articleCount) = Self.numbered(articleNames ?? [])
    rows = values.count
    (persons, articles, hasArticles) = (personCount, articleCount, articleNames != nil)
    personsFirst = personCount >= articleCount
    let first = personsFirst ? person : article
    let kept = personsFirst ? article : person
    let firstCount = max(personCount, articleCount), keptCount = min(personCount, articleCount)
    let moments = SampleMoments(values)
    (centre, sumSquares) = (moments.mean, moments.sumSquares)
    var sizes = [Double](repeating: 0, count: firstCount), sums = sizes
    var keptSizes = [Double](repeating: 0, count: keptCount), keptSums = keptSizes
    var cells = [[Int: Double]](repeating: [:], count: firstCount)
    for row in 0..<values.count {
      let value = values[row] - centre
      sizes[first[row]] += 1
      sums[first[row]] += value
      guard !kept.isEmpty else { continue }
      keptSizes[kept[row]] += 1
      keptSums[kept[row]] += value
      cells[first[row]][kept[row], default: 0] += 1
    }
    var starts = [0], levels: [Int] = [], counts: [Double] = []
    for own in cells {
      for (level, count) in own.sorted(by: { $0.key < $1.key }) {
        levels.append(level)
        counts.append(count)
      }
      starts.append(levels.count)
    }
    (self.sizes, self.sums, self.keptSizes, self.keptSums) = (sizes, sums, keptSizes, keptSums)
    (cellStarts, cellLevels, cellRows) = (starts, levels, counts)
  }

  /// The names as numbers from 0 in the order of their first rows, and how many there are.
  private static func numbered(_ names: [Int]) -> ([Int], Int) {
    var numbers: [Int: Int] = [:]
    var out = names
    for row in names.indices {
      let number = numbers[names[row]] ?? numbers.count
      numbers[names[row]] = number
      out[row] = number
    }
    return (out, numbers.count)
  }

  var obstacle: UndefinedReason? {
    if rows == 0 { return .noRows }
    guard sumSquares.isFinite, centre.isFinite else { return .notFinite }
    if sumSquares <= 0 { return .spreadTooSmall }
    if persons < 3 || (hasArticles && articles < 3) { return .tooFewClusters }
    if rows - persons < 3 || (hasArticles && rows - articles < 3) { return .tooFewRepeats }
    let isOnePartition = persons == articles && cellLevels.count == persons
    if isOnePartition { return .methodDoesNotApply }
    return min(persons, articles) > CrossedComponents.maxLevels ? .tooManyRows : nil
  }
}
