import Basics
public import Foundation
public import Harness
import Metrics

/// The scored systems of a board as records of Every Eval Ever, schema 0.3.0 (EvalEval Coalition): a
/// document a system, in the folders that its datastore asks for. It takes a released ``Board``, so that
/// a record holds no more than the system's page, and no record has figures of rows.
public struct EveryEvalEver: Sendable {
  static let schemaVersion = "0.3.0"
  private let board: Board
  private let source: EvaluationSource

  public init(_ board: Board, source: EvaluationSource) {
    (self.board, self.source) = (board, source)
  }

  /// Path and content of each record, in the board's order. The same board and source give the same
  /// bytes.
  /// - Throws: ``HarnessError/usage(_:)`` where neither the source nor an entry says a day.
  public func files() throws -> [(path: String, data: Data)] {
    let models = models()
    return try zip(board.scored, models).map { entry, model in
      guard let day = source.day ?? SafeText.day(entry.metadata.submitted) else {
        throw HarnessError.usage(
          "\(entry.slug) has no day of submission in its submission.json; give one with --date.")
      }
      let seconds = Int(
        try Date(day, strategy: .iso8601.year().month().day()).timeIntervalSince1970)
      let id = "\(evaluation)/\(model)/\(seconds)"
      let data = try CanonicalJSON.document(try record(entry, id: id, model: model, at: seconds))
      return ("data/\(collection)/\(model)/\(Self.uuid(id)).json", data)
    }
  }

  private var collection: String { Self.component(board.definition.id) }
  private var evaluation: String { "\(board.definition.id)-\(board.split)" }

  /// `developer/model` of each scored entry. Names that would be the same get their folder's name.
  private func models() -> [String] {
    let names = board.scored.map { entry in
      [entry.metadata.team, entry.metadata.system].map(Slug.make)
    }
    return zip(board.scored, names).map { entry, name in
      let isTaken = name[1].isEmpty || names.count { $0 == name } > 1
      let developer = name[0].isEmpty ? entry.slug : name[0]
      return "\(Self.component(developer))/\(Self.component(isTaken ? entry.slug : name[1]))"
    }
  }

  /// `slug`, marked where the datastore or a file system keeps the name for itself.
  private static func component(_ slug: String) -> String {
    slug.wholeMatch(of: /data|unknown|con|prn|aux|nul|(?:com|lpt)[1-9]/) == nil ? slug : "_\(slug)"
  }

  /// The datastore wants a random UUID (version 4). This one is drawn from a digest of `name`, so that
  /// the same record keeps its file.
  private static func uuid(_ name: String) -> String {
    var digits = Array(Digest.sha256(name).prefix(32))
    digits[12] = "4"
    digits[16] = Array("89ab")[(digits[16].hexDigitValue ?? 0) % 4]
    let ends = [0, 8, 12, 16, 20, 32]
    return zip(ends, ends.dropFirst()).map { String(digits[$0..<$1]) }.joined(separator: "-")
  }

  private func record(
    _ entry: Board.Entry, id: String, model: String, at seconds: Int
  ) throws -> RecordField {
    let metadata = entry.metadata
    let isOwn = metadata.team == source.organisation
    return [
      "schema_version": .text(Self.schemaVersion), "evaluation_id": .text(id),
      "retrieved_timestamp": .text("\(seconds)"),
      "source_metadata": [
        "source_name": .text("Leaderboard of \(board.definition.title), \(board.split)"),
        "source_type": "evaluation_run",
        "source_organization_name": .text(source.organisation),
        "source_organization_url": source.url.map { .text($0.absoluteString) },
        "evaluator_relationship": isOwn ? "first_party" : "third_party",
        "additional_details": metadata.submitted.map { ["submitted": .text($0)] },
      ],
      "eval_library": [
        "name": "invitro", "version": .text(entry.report?.version ?? ScoreReport.toolVersion),
        "additional_details": entry.report.map { ["signature": .text($0.signature)] },
      ],
      "model_info": [
        "id": .text(model), "name": .text(metadata.system), "developer": .text(metadata.team),
        "additional_details": Self.details(metadata),
      ],
      "evaluation_results": .list(entry.report.map { results(entry, $0) } ?? []),
    ]
  }

  /// What a team says of its system, as texts.
  private static func details(_ metadata: SubmissionMetadata) -> RecordField {
    func list(_ values: [String]?) -> RecordField? {
      values.flatMap { $0.isEmpty ? nil : .text($0.joined(separator: ", ")) }
    }
    func flag(_ value: Bool?) -> RecordField? { value.map { .text($0 ? "true" : "false") } }
    let models = metadata.baseModels?.map { model in
      model.name + (model.revision.map { "@\($0)" } ?? "")
    }
    return [
      // The metadata say neither where a system ran nor whether its weights can be had.
      "deployment_type": "unknown", "model_availability": "unknown",
      "kind": .text(metadata.kind.rawValue),
      "description": metadata.description.map { .text($0) },
      "base_models": list(models), "training_data": list(metadata.trainingData),
      "uses_dev_labels": flag(metadata.usesDevLabels),
      "uses_earlier_years": flag(metadata.usesEarlierYears),
      "uses_demographics": flag(metadata.usesDemographics),
      "llm_labels": metadata.llmLabels.map { .text($0.model) },
      "seeds": list(metadata.seeds?.map { "\($0)" }),
      "selection": metadata.selection.map { .text($0) },
      "code_url": SafeText.link(metadata.codeURL).map { .text($0) },
      "code_commit": metadata.codeCommit.map { .text($0) },
      "paper_url": SafeText.link(metadata.paperURL).map { .text($0) },
    ]
  }

  /// A result for each target and metric that has a value.
  private func results(_ entry: Board.Entry, _ report: ScoreReport) -> [RecordField] {
    board.definition.shownTargets.flatMap { target -> [RecordField] in
      guard let scores = report.targets[target.name] else { return [] }
      return scores.metrics.compactMap { metric in
        guard let figure = scores[metric], let value = figure.value else { return nil }
        let primary = board.definition.primary
        let isRanked = metric == primary.metric && target.name == primary.target
        return [
          "evaluation_result_id": .text("\(target.name).\(metric.id)"),
          "evaluation_name": .text("\(board.key.path)/\(target.name)"),
          "source_data": data(report),
          "metric_config": configuration(metric, target),
          "score_details": [
            "score": .number(value), "uncertainty": uncertainty(figure, metric, report),
            "details": [
              "rows": .text("\(report.n)"), "clusters": .text("\(report.clusters)"),
              "rank": isRanked ? board.standings[entry.slug].map { .text($0.rankText) } : nil,
            ],
          ],
        ]
      }
    }
  }

  private func data(_ report: ScoreReport) -> RecordField {
    let definition = board.definition
    let link = SafeText.link(definition.source)
    return [
      "dataset_name": .text(definition.title), "source_type": link == nil ? "other" : "url",
      "url": link.map { .list([.text($0)]) },
      "additional_details": [
        "benchmark": .text(definition.id), "split": .text(report.split),
        "licence": .text(definition.licence), "source": .text(definition.source),
        "labels": board.isGuarded ? "hidden" : "open",
      ],
    ]
  }

  private func configuration(_ metric: Metric, _ target: Target) -> RecordField {
    [
      // Ids of the registry of Every Eval Ever; what it lacks carries the program's name.
      "metric_id": .text([.rmse, .mae].contains(metric) ? metric.id : "invitro.\(metric.id)"),
      "metric_name": .text(metric.title), "metric_unit": metric.unit.map { .text($0) },
      "evaluation_description": .text(
        "\(metric.longTitle) of predicted and labelled \(target.title.lowercased())"),
      "lower_is_better": .flag(!metric.higherIsBetter), "score_type": "continuous",
      "min_score": .number(metric.higherIsBetter ? -1 : 0),
      "max_score": metric.higherIsBetter ? .number(1) : "Infinity",
    ]
  }

  /// Nil where no interval was released.
  private func uncertainty(
    _ figure: ScoredFigure, _ metric: Metric, _ report: ScoreReport
  ) -> RecordField? {
    guard let low = figure.low, let high = figure.high else { return nil }
    let choices = Dictionary(
      report.signature.split(separator: "|").compactMap { part -> (String, String)? in
        let pair = part.split(separator: ":", maxSplits: 1).map(String.init)
        return pair.count == 2 ? (pair[0], pair[1]) : nil
      }, uniquingKeysWith: { first, _ in first })
    // Intervals of correlations of ranks are jackknives whatever the signature names; those of hidden
    // labels follow from the released figure.
    let named = board.isGuarded ? nil : choices["ci"].flatMap(IntervalMethod.init)
    let method = metric.isOfRanks ? .jackknife : named
    let isResampled = method.map { [.percentile, .bca, .studentised].contains($0) } ?? false
    let words =
      board.isGuarded
      ? "Fisher's z of the released figure and the number of clusters"
      : method.map { $0.rawValue + (choices["cluster"].map { ", clustered by \($0)" } ?? "") }
    return [
      "confidence_interval": [
        "lower": .number(low), "upper": .number(high), "confidence_level": .number(report.level),
        "method": words.map { .text($0) },
      ],
      "num_samples": .count(report.n),
      "num_bootstrap_samples": isResampled
        ? choices["B"].flatMap(Int.init).map { .count($0) } : nil,
    ]
  }
}

/// Who publishes the records of a board.
public struct EvaluationSource: Sendable, Equatable {
  /// The organisation that runs the leaderboard.
  public var organisation: String
  public var url: URL?
  /// `YYYY-MM-DD`, the day of all records; nil for each system's day of submission.
  public var day: String?

  public init(organisation: String, url: URL? = nil, day: String? = nil) {
    (self.organisation, self.url, self.day) = (organisation, url, day)
  }
}

/// A value of a record. A member that is nil is left out.
private enum RecordField: Encodable, ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
  case text(String)
  case number(Double)
  case count(Int)
  case flag(Bool)
  case list([RecordField])
  case object([String: RecordField])

  init(stringLiteral text: String) { self = .text(text) }

  init(dictionaryLiteral members: (String, RecordField?)...) {
    self = .object(
      Dictionary(
        members.compactMap { name, value in value.map { (name, $0) } },
        uniquingKeysWith: { first, _ in first }))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(SafeText.cleaned(text))
    case .number(let number): try container.encode(number)
    case .count(let count): try container.encode(count)
    case .flag(let flag): try container.encode(flag)
    case .list(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }
}
