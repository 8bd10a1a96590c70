public import Foundation
public import Harness

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

  /// The file of a model's labels of a split, or nil where there is none.
  ///
  /// - Parameter labels: `llama`, `llama-plain` or `gpt`.
  public func file(_ set: String, _ split: String, _ labels: String) -> LabelFile? {
    guard let stem = Self.stems["\(set)/\(split)"] else { return nil }
    let isPlain = labels == "llama-plain"
    let model = isPlain ? "llama" : labels
    for suffix in [model, "\(model)_llama_plain"] where !isPlain || suffix != model {
      let url = folder.appending(path: "\(stem)_\(suffix).tsv")
      if FileManager.default.fileExists(atPath: url.path) {
        return LabelFile(
          name: labels, path: url.relativePath,
          column: isPlain ? "llm_empathy_plain" : "llm_empathy")
      }
    }
    return nil
  }

  private static let stems = [
    "newsemp18/all": "NewsEmp2022/messages_train_ready_for_WS",
    "newsemp22/train": "NewsEmp2022/messages_train_ready_for_WS",
    "newsemp22/dev": "NewsEmp2022/messages_dev_features_ready_for_WS_2022",
    "newsemp22/test": "NewsEmp2022/messages_test_features_ready_for_WS_2022",
    "newsemp23/train": "NewsEmp2023/WASSA23_essay_level_with_labels_train",
    "newsemp23/dev": "NewsEmp2023/WASSA23_essay_level_dev",
    "newsemp23/test": "NewsEmp2023/WASSA23_essay_level_test",
    "newsemp24/train": "NewsEmp2024/trac3_EMP_train",
    "newsemp24/dev": "NewsEmp2024/trac3_EMP_dev",
    "newsemp24/test": "NewsEmp2024/test_data_with_labels/goldstandard_EMP",
  ]
}
