/// A label and a rating, or what belongs to each of the two.
public struct LabelPair: Sendable, Hashable {
  public var label, rating: Double

  public init(label: Double, rating: Double) { (self.label, self.rating) = (label, rating) }
}

/// A symmetric 2 × 2 matrix of labels y and ratings l: their variances and their covariance.
public struct PairCovariance: Sendable, Hashable {
  public var yy, yl, ll: Double

  public init(yy: Double, yl: Double, ll: Double) { (self.yy, self.yl, self.ll) = (yy, yl, ll) }

  static let zero = PairCovariance(yy: 0, yl: 0, ll: 0)

  var determinant: Double { yy * ll - yl * yl }

  /// The inverse; the determinant must not be 0.
  var inverse: PairCovariance {
    let scale = 1 / determinant
    return PairCovariance(yy: ll * scale, yl: -yl * scale, ll: yy * scale)
  }

  /// yl / √(yy · ll), clamped to [-1, 1]; both variances must be above 0.
  var correlation: Double { max(-1, min(1, yl / (yy.squareRoot() * ll.squareRoot()))) }

  /// Adds `weight` · (d.label, d.rating)(d.label, d.rating)ᵀ.
  mutating func add(_ d: LabelPair, weight: Double = 1) {
    yy += weight * d.label * d.label
    yl += weight * d.label * d.rating
    ll += weight * d.rating * d.rating
  }

  /// Adds `weight` · `other`.
  mutating func add(_ other: PairCovariance, weight: Double = 1) {
    yy += weight * other.yy
    yl += weight * other.yl
    ll += weight * other.ll
  }
}

/// Rows with a label and a rating each, in persons: the input of ``TwoRaterModel``.
///
/// The model needs of the rows only each person's size, mean and scatter, and of the persons only
/// sums over those of one size. They are summed here, once.
public struct TwoRaterSample: Sendable {
  /// Labels y and ratings l of the rows, (N,).
  public let labels, ratings: [Double]
  /// The person of each row, 0 ..< personCount, numbered by their first rows; (N,).
  public let personOfRow: [Int]
  public let personCount: Int
  /// Rows, mean less `centre`, and scatter about their own mean, of each person.
  let sizes: [Int]
  let means: [LabelPair]
  let scatters: [PairCovariance]
  /// Mean of all rows.
  let centre: LabelPair

  /// - Parameters:
  ///   - labels: (N,), such as a crowd's; ratings: (N,), such as a language model's.
  ///   - persons: (N,), any numbers that differ where persons do.
  public init(labels: [Double], ratings: [Double], persons: [Int]) {
    let rows = labels.count
    precondition(ratings.count == rows && persons.count == rows, "columns of different length")
    var numbers: [Int: Int] = [:]
    var personOfRow = persons
    for row in 0..<rows {
      let number = numbers[persons[row]] ?? numbers.count
      numbers[persons[row]] = number
      personOfRow[row] = number
    }
    let count = numbers.count
    let centre = LabelPair(
      label: SampleMoments(labels).mean, rating: SampleMoments(ratings).mean)
    var sizes = [Int](repeating: 0, count: count)
    var means = [LabelPair](repeating: LabelPair(label: 0, rating: 0), count: count)
    for row in 0..<rows {
      let person = personOfRow[row]
      sizes[person] += 1
      means[person].label += labels[row] - centre.label
      means[person].rating += ratings[row] - centre.rating
    }
    for person in 0..<count {
      means[person].label /= Double(sizes[person])
      means[person].rating /= Double(sizes[person])
    }
    var scatters = [PairCovariance](repeating: .zero, count: count)
    for row in 0..<rows {
      let mean = means[personOfRow[row]]
      scatters[personOfRow[row]].add(
        LabelPair(
          label: labels[row] - centre.label - mean.label,
          rating: ratings[row] - centre.rating - mean.rating))
    }
    (self.labels, self.ratings, self.personOfRow) = (labels, ratings, personOfRow)
    (personCount, self.centre) = (count, centre)
    (self.sizes, self.means, self.scatters) = (sizes, means, scatters)
  }

  public var count: Int { labels.count }
}

/// What the likelihood of ``TwoRaterModel`` knows of the rows.
struct TwoRaterStatistics: Sendable {
  /// The persons who have `size` rows each: how many they are, and sums of their means and of the
  /// products of those, about the sample's centre.
  struct SizeGroup: Sendable {
    let size: Double
    var persons = 0.0
    var sum = LabelPair(label: 0, rating: 0)
    var products = PairCovariance.zero

    mutating func add(_ mean: LabelPair, weight: Double) {
      persons += weight
      sum.label += weight * mean.label
      sum.rating += weight * mean.rating
      products.add(mean, weight: weight)
    }

    /// Σ (z̄_i - μ)(z̄_i - μ)ᵀ.
    func spread(about mean: LabelPair) -> PairCovariance {
      var spread = products
      spread.yy += mean.label * (persons * mean.label - 2 * sum.label)
      spread.yl += persons * mean.label * mean.rating
      spread.yl -= mean.label * sum.rating + mean.rating * sum.label
      spread.ll += mean.rating * (persons * mean.rating - 2 * sum.rating)
      return spread
    }
  }

  private(set) var groups: [SizeGroup]
  /// Scatter of the rows about their persons' means, summed.
  private(set) var scatter = PairCovariance.zero
  private(set) var rows = 0.0
  private(set) var persons = 0.0
  /// Degrees of freedom of `scatter`.
  var degrees: Double { rows - persons }

  init(_ sample: TwoRaterSample) {
    groups = Set(sample.sizes).sorted().map { SizeGroup(size: Double($0)) }
    for person in 0..<sample.personCount { add(person, of: sample, weight: 1) }
  }

  /// The statistics without one person.
  func without(_ person: Int, of sample: TwoRaterSample) -> TwoRaterStatistics {
    var others = self
    others.add(person, of: sample, weight: -1)
    return others
  }

  private mutating func add(_ person: Int, of sample: TwoRaterSample, weight: Double) {
    let size = Double(sample.sizes[person])
    rows += weight * size
    persons += weight
    scatter.add(sample.scatters[person], weight: weight)
    for place in 0..<groups.count where groups[place].size == size {
      groups[place].add(sample.means[person], weight: weight)
    }
  }

  /// Why there is no model of these persons; nil where there is one.
  var obstacle: UndefinedReason? {
    guard rows > 0 else { return .noRows }
    guard scatter.yy.isFinite, scatter.ll.isFinite else { return .notFinite }
    guard persons >= 3 else { return .tooFewClusters }
    guard degrees >= 3 else { return .tooFewRepeats }
    // The likelihood grows without bound where the rows of a person lie on a line.
    let isSpread = scatter.determinant > 1e-9 * scatter.yy * scatter.ll
    return isSpread ? nil : .noVarianceWithin
  }
}
