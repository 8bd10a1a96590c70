/// A JSON value: settings are laid over each other as trees, and read when all are together.
public enum SettingsTree: Sendable, Equatable, Codable {
  case object([String: SettingsTree])
  case array([SettingsTree])
  case text(String)
  case number(Double)
  case flag(Bool)
  case null

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([SettingsTree].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: SettingsTree].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .object(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .flag(let value): try container.encode(value)
    case .null: try container.encodeNil()
    }
  }

  /// This tree with `other` laid over it: objects key by key, anything else replaced.
  public func overlaid(by other: SettingsTree) -> SettingsTree {
    guard case .object(let own) = self, case .object(let more) = other else { return other }
    return .object(own.merging(more) { $0.overlaid(by: $1) })
  }

  /// This tree with the value at a dotted `path` replaced, such as `recipe.epochs` or
  /// `extra.0.portion`; objects on the way are made, places in an array have to be there.
  ///
  /// - Returns: nil where the path leads through a value that is neither.
  public func setting(_ path: some StringProtocol, to value: SettingsTree) -> SettingsTree? {
    let parts = path.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let key = parts.first.map({ String($0) }), !key.isEmpty else { return nil }
    func below(_ child: SettingsTree?) -> SettingsTree? {
      parts.count == 1 ? value : (child ?? .object([:])).setting(parts[1], to: value)
    }
    switch self {
    case .object(var fields):
      guard let child = below(fields[key]) else { return nil }
      fields[key] = child
      return .object(fields)
    case .array(var items):
      guard let place = Int(key), items.indices.contains(place), let child = below(items[place])
      else { return nil }
      items[place] = child
      return .array(items)
    default: return nil
    }
  }

  /// The value in a few words, as it stands in names and faults.
  public var brief: String {
    switch self {
    case .object: "an object"
    case .array(let items): "[\(items.map(\.brief).joined(separator: ", "))]"
    case .text(let text): text
    case .number(let value):
      value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .flag(let value): "\(value)"
    case .null: "null"
    }
  }
}
