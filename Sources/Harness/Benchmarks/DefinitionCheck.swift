import Basics
public import Foundation

/// Says everything that is wrong with a benchmark's definition, each with its path in the document.
public enum DefinitionCheck {
  /// The JSON Schema (2020-12) of a definition.
  public static var schema: Data { Data(PackageResources.benchmark_schema_json) }

  /// The definition in `data`, which the user knows as `name`; nil where it cannot be read.
  ///
  /// Faults of syntax come alone. Contradictions are looked for where every value has its type.
  public static func read(
    _ data: Data, name: String
  ) -> (definition: BenchmarkDefinition?, faults: [Diagnostic]) {
    let value: ByteJSON
    let bytes: [UInt8]
    do throws(HarnessError) { bytes = try SourceText(data, name: name).bytes } catch {
      return (nil, error.faults)
    }
    do throws(ByteJSON.Diagnostic) { value = try ByteJSON(bytes) } catch {
      let (line, column) = error.place(in: bytes)
      let fault = Diagnostic(
        .syntax, file: name, line: line, column: column, found: error.found,
        expected: error.expected)
      return (nil, [fault])
    }
    var faults: [Diagnostic] = []
    if let schema = try? ByteJSON(PackageResources.benchmark_schema_json) {
      faults = JSONSchema.faults(in: value, file: name, schema: schema)
    }
    do throws(HarnessError) {
      let definition = try Documents.decode(BenchmarkDefinition.self, Data(bytes), name: name)
      let known = Set(faults.compactMap(\.field))
      faults += definition.contradictions(file: name).filter { !known.contains($0.field ?? "") }
      return (definition, faults)
    } catch {
      return (nil, faults.isEmpty ? error.faults : faults)
    }
  }
}

extension HarnessError {
  /// The faults of a file that was refused.
  fileprivate var faults: [Diagnostic] {
    if case .invalid(let faults) = self { return faults }
    return [Diagnostic(.json, file: "", found: description, expected: "a definition")]
  }
}
