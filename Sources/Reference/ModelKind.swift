/// The encoder families that a checkpoint's `config.json` may name as `model_type`.
public enum ModelKind: String, Sendable, Codable, CaseIterable {
  case roberta
  case bert
}
