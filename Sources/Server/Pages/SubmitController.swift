import Foundation
import HTTPTypes
import Harness
import Hummingbird
import Report

/// Submitting in a browser: `/submit`, and `/submit/BENCHMARK/SPLIT` for one board. The form's two
/// buttons go through the same checks, intake and quotas as the API.
struct SubmitController: Sendable {
  let session: SessionController
  let submissions: SubmissionController

  private var store: SubmissionStore { submissions.store }
  private var pages: PageRenderer { session.pages }
  private var definitions: [BenchmarkDefinition] { submissions.intake.scorers.definitions }

  var routes: RouteCollection<ServerContext> {
    let routes = RouteCollection(context: ServerContext.self)
    routes.get(use: form)
    routes.post(use: send)
    routes.refuseOthers(than: [.get, .post], at: "")
    routes.getOnly(":benchmark/:split", use: board)
    return routes
  }

  struct Content: Encodable {
    var account: Account?
    var boards: [BoardSummary]
    /// Of one board alone.
    var isOne: Bool
    var form: Form?
    var outcome: Outcome?
  }

  /// What the form is filled with.
  struct Form: Encodable {
    var boards: [Choice]
    var kinds: [Choice]
    var system, about, code, paper, model, parameters, labelCost: String?
  }

  struct Choice: Encodable {
    var value, name: String
    var isSelected: Bool
  }

  /// What became of the file.
  struct Outcome: Encodable {
    var isGood: Bool
    var title: String
    var detail: String?
    var faults: [FaultGroup]?
    /// How many lines with faults are not listed.
    var more: String?
  }

  @Sendable func form(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard context.member != nil else { return try session.signInPage(at: "submit") }
    return try page(context.member, at: "submit")
  }

  @Sendable func board(_ request: Request, _ context: ServerContext) async throws -> Response {
    let board = BoardKey(
      benchmark: try context.parameters.require("benchmark"),
      split: try context.parameters.require("split"))
    return try page(context.member, only: board, at: "submit/\(board.path)")
  }

  private func page(
    _ member: ServerContext.Member?, only board: BoardKey? = nil, at path: String,
    fields: [String: String] = [:], outcome: Outcome? = nil, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    let (list, now) = (try store.phaseList(), Date())
    let shown = list.boards.filter { key in
      (board == nil || key == board) && definitions.contains { $0.id == key.benchmark }
    }
    let boards = try shown.compactMap { key -> BoardSummary? in
      guard let phase = list.current(of: key, at: now) else { return nil }
      let page = "\(key.path)/index.html"
      return BoardSummary(
        phase, of: try definitions.named(key.benchmark),
        usage: try member.flatMap { try store.usage(of: $0.team, in: phase, at: now) },
        page: pages.has(page) ? page : nil, at: now)
    }
    guard board == nil || !boards.isEmpty else {
      throw Problem(.notFound, "This server has no board of this name that takes submissions.")
    }
    let open = boards.filter(\.isOpen)
    let form = member != nil && !open.isEmpty ? self.form(open, fields) : nil
    return try pages.response(
      .submit, at: path, title: board == nil ? "Submit" : "Submit to \(boards[0].name)",
      status: status,
      Content(
        account: member.map(Account.init), boards: boards, isOne: board != nil, form: form,
        outcome: outcome))
  }

  private func form(_ boards: [BoardSummary], _ fields: [String: String]) -> Form {
    let kinds: [(SubmissionMetadata.Kind, String)] = [
      (.fineTuned, "Fine-tuned model"), (.prompted, "Prompted model"), (.ensemble, "Ensemble"),
      (.baseline, "Baseline"),
    ]
    return Form(
      boards: boards.map {
        Choice(value: $0.path, name: $0.name, isSelected: $0.path == fields["board"])
      },
      kinds: kinds.map { kind, name in
        Choice(value: kind.rawValue, name: name, isSelected: kind.rawValue == fields["kind"])
      },
      system: fields["system"], about: fields["description"], code: fields["code"],
      paper: fields["paper"], model: fields["model"], parameters: fields["parameters"],
      labelCost: fields["labelCost"])
  }

  /// The form as it came.
  private struct Sent {
    var fields: [String: String]
    var file: MultipartForm.Part?

    init(_ request: Request, _ body: Data) throws {
      let type = MediaTypeName(request.headers[.contentType] ?? "")
      guard type.name == "multipart/form-data" else {
        throw Problem(.unsupportedMediaType, "Send the form as multipart/form-data.")
      }
      let parts = try MultipartForm.parts(of: body, boundary: type.parameters["boundary"])
      file = parts.first { $0.name == "file" }
      let texts = parts.filter { $0.name != "file" }
      guard texts.allSatisfy({ $0.content.count <= UploadReader.maxMetadataBytes }) else {
        throw Problem(.contentTooLarge, "A field of the form is too long.")
      }
      fields = Dictionary(
        texts.map { ($0.name, String(decoding: $0.content, as: UTF8.self)) }
      ) { first, _ in first }
    }

    private static let numbers: Set = ["parameters", "labelCost"]

    /// As the API takes them; a field that is left empty is none.
    var metadata: [String: Any] {
      let board = (fields["board"] ?? "").split(separator: "/", maxSplits: 1).map(String.init)
      var metadata: [String: Any] = ["system": fields["system"] ?? ""]
      if board.count == 2 { (metadata["benchmark"], metadata["split"]) = (board[0], board[1]) }
      let names = [
        "kind": "kind", "description": "description", "code": "codeURL", "paper": "paperURL",
        "model": "modelURL", "parameters": "parameters", "labelCost": "labelCostUSD",
      ]
      for (field, name) in names {
        let value = (fields[field] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        // What is no number stays as it is, and is refused with the field's name.
        let number = Self.numbers.contains(field) ? Double(value) : nil
        if let number, number.isFinite {
          metadata[name] = number
        } else if !value.isEmpty {
          metadata[name] = value
        }
      }
      return metadata
    }
  }

  @Sendable func send(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard let member = context.member else { return try ended() }
    try submissions.checkRate(of: member.team)
    let sent = try Sent(request, try await request.wholeBody(submissions.limits))
    try BrowserForms.check(sent.fields["form"], of: member)
    let isCheck = sent.fields["action"] != "submit"
    let (now, start) = (Date(), ContinuousClock.now)
    var upload: Upload?
    do {
      guard let file = sent.file, !file.content.isEmpty || file.filename?.isEmpty == false else {
        throw Problem(.unprocessableContent, "Choose a file with predictions.")
      }
      let read = try UploadReader.upload(
        file.content, name: file.filename, sent.metadata, of: member.team, today: now.day)
      upload = read
      guard isCheck else {
        let (recorded, _) = try await submissions.accept(read, of: member, at: now)
        if try store.phase(of: recorded.submission.board, at: now)?.labels == .hidden {
          await GuardedAnswer.waitForTick(since: start)
        }
        let again = recorded.isNew ? "" : "?\(TeamController.again)"
        return .seeOther("submissions/\(recorded.submission.id)\(again)")
      }
      let predictions = try await submissions.check(read, of: member.team, at: now)
      return try page(
        member, at: "submit", fields: sent.fields, outcome: Self.sound(predictions, read))
    } catch Refusal.token {
      return try ended()
    } catch {
      if !isCheck { submissions.record(error, context) }
      let problem = Problem(error, now: now)
      if problem.status.kind == .serverError { throw error }
      var response = try page(
        member, at: "submit", fields: sent.fields,
        outcome: faulty(problem, upload, isCheck: isCheck), status: problem.status)
      response.headers.append(contentsOf: problem.headers)
      return response
    }
  }

  /// Told to who sends a form after the end of the session.
  private func ended() throws -> Response {
    try session.signInPage(
      at: "submit", fault: "Your session has ended, and nothing was sent. Sign in again.",
      status: .forbidden)
  }

  /// Of a check that found no error.
  private static func sound(_ predictions: Predictions, _ upload: Upload) -> Outcome {
    let (rows, missing) = (predictions.rowCount, predictions.missingCount)
    let covered = missing == 0 ? "all \(rows)" : "\(rows - missing) of \(rows)"
    return Outcome(
      isGood: true, title: "\(upload.name) can be submitted",
      detail: "It has predictions of \(predictions.attempted.joined(separator: " and ")) for "
        + "\(covered) rows. Nothing was counted."
        + (missing == 0 ? "" : " A submission that leaves rows out does not stand on the board."),
      faults: predictions.warnings.isEmpty ? nil : FaultGroup.list(predictions.warnings))
  }

  private func faulty(_ problem: Problem, _ upload: Upload?, isCheck: Bool) -> Outcome {
    let errors = problem.faults.count { $0.severity == .error }
    guard errors > 0 else {
      return Outcome(isGood: false, title: "Not sent", detail: problem.detail)
    }
    // Faults of the metadata are found before a file is looked at, and cost nothing.
    let isFile = problem.faults.contains { $0.file != "metadata" }
    let lines =
      upload.map { submissions.intake.lines(FaultGroup.lines(of: problem.faults), of: $0) } ?? [:]
    let groups = FaultGroup.list(problem.faults, lines: lines)
    let more = Set(problem.faults.map(\.line)).count - groups.count
    return Outcome(
      isGood: false,
      title: "\(isFile ? upload?.name ?? "The file" : "The form") has "
        + "\(errors) error\(errors == 1 ? "" : "s")",
      detail: isCheck || !isFile
        ? "Nothing was counted." : "It was counted as one failed upload, not as a submission.",
      faults: groups, more: more > 0 ? "\(more)" : nil)
  }
}
