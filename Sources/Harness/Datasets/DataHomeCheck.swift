import Foundation

/// Checks that a data home holds what was imported.
public enum DataHomeCheck {
  public struct Result: Codable, Sendable, Equatable {
    public var benchmark: String
    public var split: String
    public var isSound: Bool
    public var text: String
  }

  /// One result an imported split: digest, row count, and that only its owner can read it.
  public static func run(
    _ home: DataHome, definitions: [BenchmarkDefinition]
  ) throws(HarnessError) -> [Result] {
    var results: [Result] = []
    for definition in definitions {
      guard let manifest = try home.manifest(definition.id) else { continue }
      for split in manifest.splits { results.append(check(split, definition, home)) }
    }
    return results
  }

  private static func check(
    _ split: DataHome.Manifest.Split, _ definition: BenchmarkDefinition, _ home: DataHome
  ) -> Result {
    func result(_ isSound: Bool, _ text: String) -> Result {
      Result(benchmark: definition.id, split: split.name, isSound: isSound, text: text)
    }
    do throws(HarnessError) {
      let dataset = try home.load(definition, split: split.name)
      guard dataset.rows.count == split.rows else {
        return result(false, "\(dataset.rows.count) rows, expected \(split.rows)")
      }
      let path = home.splitURL(definition.id, split.name).path
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
      guard mode & 0o077 == 0 else {
        return result(false, "others can read it (mode \(String(mode, radix: 8))); chmod 600")
      }
      return result(true, "\(split.rows) rows, \(split.hasGold ? "gold" : "blind"), digest matches")
    } catch {
      return result(false, error.description)
    }
  }
}
