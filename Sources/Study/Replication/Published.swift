public import Foundation
public import Harness
public import Metrics

/// What the paper prints, as figures: the shipped `published.json`.
public struct Published: Codable, Sendable, Equatable {
  public var schema: Int
  public var source: Source
  /// Rows of train, dev and test by set: table II.
  public var sizes: [String: [Int]]
  /// Rows of tables V and VI, the rerun of table VIII and the run of section IV-A.
  public var training: [TrainingRow]
  /// Rows of table VII.
  public var zeroShot: [ZeroShotRow]
  /// Rows of table IX.
  public var consistency: [ConsistencyRow]
  /// How many labels a threshold replaces.
  public var replaced: [ReplacedRow]
  /// P-values of figure 1.
  public var significance: [SignificanceRow]
  /// Silhouette scores.
  public var silhouette: [SilhouetteRow]
  /// Bars of figure 5 with 10 rows or more.
  public var groups: [GroupRow]
  /// What a reader of the paper has to know before comparing figures.
  public var errata: [String]

  /// Where the figures are from.
  public struct Source: Codable, Sendable, Equatable {
    public var title, address, doi, code, note: String
  }

  /// Those of the training tables.
  public static let metrics: [Metric] = [.pcc, .ccc, .rmse]

  /// What the paper takes of five seeds.
  public enum Statistic: String, Codable, Sendable, CaseIterable {
    case median
    /// The largest PCC or CCC, the smallest RMSE.
    case peak
  }

  /// One configuration that was trained with five seeds.
  public struct TrainingRow: Codable, Sendable, Equatable {
    /// `V`, `VI`, `VIII` or `IV-A`.
    public var table: String
    /// Benchmarks trained on, the one that is tested first.
    public var train: [String]
    /// The benchmark that is tested, where it is none of those trained on.
    public var test: String?
    public var encoder: String
    /// `crowd`, or the model whose labels correct the crowd's.
    public var labels: String
    /// The threshold of the correction.
    public var alpha: Double?
    /// Table VI: the benchmark added, and whose labels its rows have.
    public var extra: Extra?
    /// Whose recipe, where it is not the paper's own: `giorgi`.
    public var recipe: String?
    /// Median and peak.
    public var pcc: [Double?]
    public var ccc, rmse: [Double?]
    /// The peak RMSE as it was first printed, where that is not an RMSE.
    public var printed: Double?

    public struct Extra: Codable, Sendable, Equatable { public var data, labels: String }

    /// A name that is unique in the paper, such as `V/newsemp24+newsemp22/roberta-base/llama:4.5`
    /// or `VI/newsemp24/roberta-base/crowd/newsemp22:llama`.
    public var id: String {
      let correction = alpha.map { "\(labels):\($0)" } ?? labels
      let parts = [table, train.joined(separator: "+"), encoder, recipe ?? correction]
      return (parts + (extra.map { ["\($0.data):\($0.labels)"] } ?? [])).joined(separator: "/")
    }

    public func value(_ metric: Metric, _ statistic: Statistic) -> Double? {
      let pair = [.pcc: pcc, .ccc: ccc, .rmse: rmse][metric] ?? []
      return pair.count == 2 ? pair[statistic == .median ? 0 : 1] : nil
    }
  }

  /// A model's labels taken as predictions.
  public struct ZeroShotRow: Codable, Sendable, Equatable {
    public var set, split: String
    /// `llama`, `llama-plain` or `gpt`.
    public var labels: String
    public var pcc, ccc, rmse: Double?
  }

  /// Agreement of two raters on NewsEmp24 train; `llama-again` are Llama's labels of the same essays
  /// in NewsEmp23.
  public struct ConsistencyRow: Codable, Sendable, Equatable {
    public var first, second: String
    public var alpha, mae, sd: Double
  }

  public struct ReplacedRow: Codable, Sendable, Equatable {
    public var set, llm: String
    public var counts: [Count]

    public struct Count: Codable, Sendable, Equatable {
      public var alpha: Double
      public var rows: Int
    }
  }

  public struct SignificanceRow: Codable, Sendable, Equatable {
    /// The name of the comparison.
    public var row: String
    /// The training row that is compared with crowd labels alone, and what sets it apart.
    public var id: String
    public var settings: String
    public var pcc, ccc, rmse: Double
  }

  public struct SilhouetteRow: Codable, Sendable, Equatable {
    /// `crowd`, `llm`, or `crowd+llm` where a model's labels of another set are added.
    public var labels: String
    public var value: Double
  }

  public struct GroupRow: Codable, Sendable, Equatable {
    public var attribute, group: String
    /// Its name in our definitions, where that is another: the paper's age bins are half open, so
    /// that its 25-30 holds ages 24 to 29.
    public var label: String?
    public var ccc: Double
    public var rows: Int
  }

  /// The figures that come with the program.
  public static func shipped() throws(StudyError) -> Published {
    do {
      return try JSONDecoder().decode(Self.self, from: Data(PackageResources.published_json))
    } catch {
      throw .publishedFigures(reason: "\(error)")
    }
  }

  /// The row of a table with these properties.
  public func trainingRow(id: String) -> TrainingRow? { training.first { $0.id == id } }
}

extension Published {
  /// What the training tables print of each row.
  static let figures = metrics.flatMap { metric in Statistic.allCases.map { (metric, $0) } }

  /// How often training with Llama's labels of the added set beats the crowd's labels of it in
  /// table VI: all comparisons, those of two known figures, and wins. A peak RMSE that was never
  /// corrected is unknown, not a loss.
  public var labelContest: (wins: Int, verifiable: Int, all: Int) {
    let pairs = training.filter { $0.extra?.labels == "llama" }.compactMap { llm in
      trainingRow(id: llm.id.replacing(":llama", with: ":crowd")).map { (llm, $0) }
    }
    let won = pairs.flatMap { llm, crowd in
      Self.figures.map { metric, statistic -> Bool? in
        guard let a = llm.value(metric, statistic), let b = crowd.value(metric, statistic)
        else { return nil }
        return metric == .rmse ? a < b : a > b
      }
    }
    return (won.count { $0 == true }, won.count { $0 != nil }, won.count)
  }
}

/// Where the published label files are: the folder that `data fetch llmpathy` makes, or another of
/// the same form.
public struct PublishedLabels {
  public let folder: URL

  /// - Parameter path: nil for `<data home>/fetched/llmpathy`.
  public init(_ path: String?, home: DataHome) {
    folder =
      path.map { URL(filePath: $0, directoryHint: .isDirectory) }
      ?? home.url.appending(path: "fetched/llmpathy", directoryHint: .isDirectory)
  }

  /// The file of a model's labels (`llama`, `llama-plain` or `gpt`) of a split, if there is one.
  public func file(_ set: String, _ split: String, _ labels: String) -> LabelFile? {
    guard let stem = Self.stems["\(set)/\(split)"] else { return nil }
    let isPlain = labels == "llama-plain"
    return (isPlain ? ["llama_llama_plain"] : [labels, "\(labels)_llama_plain"]).lazy
      .map { folder.appending(path: "\(stem)_\($0).tsv") }
      .first { FileManager.default.fileExists(atPath: $0.path) }
      .map {
        LabelFile(
          name: labels, path: $0.relativePath, column: isPlain ? "llm_empathy_plain" : "llm_empathy"
        )
      }
  }

  private static let stems = [
    "newsemp18/all": "NewsEmp2022/messages_train_ready_for_WS",
    "newsemp22/train": "NewsEmp2022/messages_train_ready_for_WS",
    "newsemp22/dev": "NewsEmp2022/messages_dev_features_ready_for_WS_2022",
    "newsemp22/test": "NewsEmp2022/messages_test_features_ready_for_WS_2022",
    "newsemp23/train": "NewsEmp2023/WASSA23_essay_level_with_labels_train",
    "newsemp23/dev": "NewsEmp2023/WASSA23_essay_level_dev",
    "newsemp23/test": "NewsEmp2023/WASSA23_essay_level_test",
    "newsemp24/train": "NewsEmp2024/trac3_EMP_train", "newsemp24/dev": "NewsEmp2024/trac3_EMP_dev",
    "newsemp24/test": "NewsEmp2024/test_data_with_labels/goldstandard_EMP",
  ]
}
