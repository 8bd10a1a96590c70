import Foundation
import Report

/// `/api`: the OpenAPI document as a page to read.
struct APIPage: Encodable {
  let edition, introduction: String
  let groups: [Group]
  let schemas: [Schema]

  struct Group: Encodable {
    var name: String
    var operations: [Operation]
  }

  struct Operation: Encodable {
    var id, method, path, summary: String
    var about: String?
    var needsToken, takesToken: Bool
    var parameters: Listed?
    var bodies: String?
    var responses: [Row]
  }

  struct Listed: Encodable { var all: [Row] }

  struct Row: Encodable {
    var name, type: String
    var isRequired: Bool
    /// Empty for nothing: a template would take that of what is around it for one that is absent.
    var about: String
  }

  struct Schema: Encodable {
    var name: String
    var about: String?
    var type: String?
    var fields: Listed?
  }

  /// - Throws: ``DecodingError`` for what is no such document.
  init(_ document: Data) throws {
    let api = try JSONDecoder().decode(OpenAPI.self, from: document)
    (edition, introduction) = (api.info.version, api.info.description)
    let operations = api.paths.flatMap { path, methods in
      methods.map { method, operation in (path, method, operation) }
    }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    groups = api.tags.map { tag in
      Group(
        name: tag.name.prefix(1).uppercased() + tag.name.dropFirst(),
        operations: operations.filter { $0.2.tags.contains(tag.name) }.map {
          path, method, operation in
          Self.operation(path, method, operation, api)
        })
    }
    schemas = api.components.schemas.sorted { $0.key < $1.key }.map { name, schema in
      let fields = (schema.properties ?? [:]).sorted { $0.key < $1.key }.map { field, value in
        Row(
          name: field, type: value.words, isRequired: schema.required?.contains(field) ?? false,
          about: OpenAPI.plain(value.description ?? ""))
      }
      return Schema(
        name: name, about: schema.description.map(OpenAPI.plain),
        type: fields.isEmpty ? schema.words : nil,
        fields: fields.isEmpty ? nil : Listed(all: fields))
    }
  }

  private static func operation(
    _ path: String, _ method: String, _ operation: OpenAPI.Operation, _ api: OpenAPI
  ) -> Operation {
    let parameters = (operation.parameters ?? []).map { parameter in
      Row(
        name: parameter.name,
        type: "\(parameter.schema?.words ?? "string"), in the \(parameter.in)",
        isRequired: parameter.required ?? false, about: OpenAPI.plain(parameter.description ?? ""))
    }
    let responses = operation.responses.sorted { $0.key < $1.key }.map { status, response in
      let known = response.ref.flatMap { api.components.responses[OpenAPI.name($0)] } ?? response
      return Row(
        name: status, type: (known.content ?? [:]).keys.sorted().joined(separator: ", "),
        isRequired: false, about: OpenAPI.plain(known.description ?? ""))
    }
    let security = operation.security ?? []
    return Operation(
      id: operation.operationId, method: method.uppercased(), path: path,
      summary: operation.summary,
      about: operation.description.map(OpenAPI.plain),
      needsToken: !security.isEmpty && security.allSatisfy { !$0.isEmpty },
      takesToken: security.contains { !$0.isEmpty } && security.contains { $0.isEmpty },
      parameters: parameters.isEmpty ? nil : Listed(all: parameters),
      bodies: operation.requestBody.map { $0.content.keys.sorted().joined(separator: ", ") },
      responses: responses)
  }
}

/// As much of OpenAPI 3.1 as the page shows.
private struct OpenAPI: Decodable {
  var info: Info
  var tags: [Tag]
  var paths: [String: [String: Operation]]
  var components: Components

  struct Info: Decodable { var version, description: String }
  struct Tag: Decodable { var name: String }
  struct Body: Decodable { var content: [String: Ignored] }
  struct Ignored: Decodable {}

  struct Components: Decodable {
    var schemas: [String: Schema]
    var responses: [String: Answer]
  }

  struct Operation: Decodable {
    var tags: [String]
    var operationId, summary: String
    var description: String?
    var security: [[String: [String]]]?
    var parameters: [Parameter]?
    var requestBody: Body?
    var responses: [String: Answer]
  }

  struct Parameter: Decodable {
    var name, `in`: String
    var description: String?
    var required: Bool?
    var schema: Schema?
  }

  struct Answer: Decodable {
    var ref, description: String?
    var content: [String: Ignored]?

    enum CodingKeys: String, CodingKey {
      case ref = "$ref"
      case description, content
    }
  }

  /// A schema, of which the page tells the type and what its fields are.
  struct Schema: Decodable {
    var ref, description, type, format: String?
    var items: [Schema]
    var alternatives: [String]
    var values: [String]
    var required: [String]?
    var properties: [String: Schema]?

    enum CodingKeys: String, CodingKey {
      case ref = "$ref"
      case values = "enum"
      case description, type, format, items, required, properties, anyOf, oneOf
    }

    init(from decoder: any Decoder) throws {
      // `true` allows everything.
      guard let fields = try? decoder.container(keyedBy: CodingKeys.self) else {
        (items, alternatives, values) = ([], [], [])
        return
      }
      ref = try fields.decodeIfPresent(String.self, forKey: .ref)
      description = try fields.decodeIfPresent(String.self, forKey: .description)
      format = try fields.decodeIfPresent(String.self, forKey: .format)
      let types = try? fields.decodeIfPresent([String].self, forKey: .type)
      type = types?.joined(separator: " or ")
      if types == nil { type = try fields.decodeIfPresent(String.self, forKey: .type) }
      items = try fields.decodeIfPresent(Schema.self, forKey: .items).map { [$0] } ?? []
      let any = try fields.decodeIfPresent([Schema].self, forKey: .anyOf) ?? []
      let one = try fields.decodeIfPresent([Schema].self, forKey: .oneOf) ?? []
      alternatives = (any + one).map(\.words)
      values = (try? fields.decodeIfPresent([String].self, forKey: .values)) ?? []
      required = try fields.decodeIfPresent([String].self, forKey: .required)
      properties = try fields.decodeIfPresent([String: Schema].self, forKey: .properties)
    }

    /// Its type in words.
    var words: String {
      if let ref { return OpenAPI.name(ref) }
      if !alternatives.isEmpty { return alternatives.joined(separator: " or ") }
      if !values.isEmpty { return "one of " + values.joined(separator: ", ") }
      if let item = items.first { return "array of \(item.words)" }
      return [type ?? "any value", format.map { "(\($0))" }].compactMap { $0 }.joined(
        separator: " ")
    }
  }

  /// Text of which code stands between backticks.
  static func plain(_ text: String) -> String {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .map { $0.offset.isMultiple(of: 2) ? String($0.element) : "“\($0.element)”" }.joined()
  }

  /// The last part of `#/components/schemas/Phase`.
  static func name(_ ref: String) -> String { String(ref.split(separator: "/").last ?? "") }
}
