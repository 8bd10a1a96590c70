// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Reference

/// DeBERTa-v3's forward pass in plain loops and Double, from the formulas alone.
struct DebertaTwin {
  typealias Matrix = [[Double]]

  let configuration: ModelConfiguration
  let positions: RelativePositions
  let weights: [String: (shape: [Int], values: [Double])]

  init?(_ engine: EncoderEngine) {
    guard let positions = engine.configuration.relativePositions else { return nil }
    (configuration, self.positions) = (engine.configuration, positions)
    weights = Dictionary(
      uniqueKeysWithValues: engine.layout.parameters.map {
        ($0.name, ($0.shape, engine.values(of: $0).map(Double.init)))
      })
  }

  private func vector(_ name: String) -> [Double] { weights[name]?.values ?? [] }

  private func matrix(_ name: String) -> Matrix {
    guard let weight = weights[name] else { return [] }
    let width = weight.shape[1]
    return (0..<weight.shape[0]).map { Array(weight.values[$0 * width..<($0 + 1) * width]) }
  }

  private func dense(_ x: Matrix, _ name: String) -> Matrix {
    let (weight, bias) = (matrix(name + ".weight"), vector(name + ".bias"))
    return x.map { row in
      weight.indices.map { out in
        zip(row, weight[out]).reduce(bias[out]) { $0 + $1.0 * $1.1 }
      }
    }
  }

  private func norm(_ x: Matrix, _ name: String) -> Matrix {
    let (gain, offset) = (vector(name + ".weight"), vector(name + ".bias"))
    return x.map { row in
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      let scale = 1 / (variance + configuration.layerNormEpsilon).squareRoot()
      return row.indices.map { (row[$0] - mean) * scale * gain[$0] + offset[$0] }
    }
  }

  private func add(_ a: Matrix, _ b: Matrix) -> Matrix {
    zip(a, b).map { zip($0, $1).map { $0 + $1 } }
  }

  private func gelu(_ x: Matrix) -> Matrix {
    x.map { $0.map { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) } }
  }

  /// Row of the table for a query's place and a key's.
  func row(_ query: Int, _ key: Int) -> Int {
    let (k, mid) = (query - key, positions.bucketCount / 2)
    var bucket = k
    if abs(k) > mid {
      let ratio =
        log(Double(abs(k)) / Double(mid))
        / log(Double(positions.maximumDistance - 1) / Double(mid))
      bucket = (mid + Int((ratio * Double(mid - 1) - 1e-9).rounded(.up))) * k.signum()
    }
    return min(max(bucket + positions.bucketCount, 0), 2 * positions.bucketCount - 1)
  }

  /// The three parts of a head's scores, each divided by √(3D).
  struct Scores { var contents, contentToPosition, positionToContent: Matrix }

  func scores(_ x: Matrix, places: [Int], layer: Int, head: Int) -> Scores {
    let name = "deberta.encoder.layer.\(layer).attention.self."
    let table = norm(matrix("deberta.encoder.rel_embeddings.weight"), "deberta.encoder.LayerNorm")
    let D = configuration.headSize
    func part(_ x: Matrix, _ projection: String) -> Matrix {
      dense(x, name + projection).map { Array($0[head * D..<(head + 1) * D]) }
    }
    let (q, k) = (part(x, "query_proj"), part(x, "key_proj"))
    let (qr, kr) = (part(table, "query_proj"), part(table, "key_proj"))
    let scale = 1 / Double(Float(3 * D).squareRoot())
    func dot(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } * scale
    }
    func pairs(_ value: (Int, Int) -> Double) -> Matrix {
      x.indices.map { i in x.indices.map { j in value(i, j) } }
    }
    return Scores(
      contents: pairs { dot(q[$0], k[$1]) },
      contentToPosition: pairs { dot(q[$0], kr[row(places[$0], places[$1])]) },
      positionToContent: pairs { dot(k[$1], qr[row(places[$0], places[$1])]) })
  }

  /// The states after `layer` layers of one sequence's attended tokens.
  func states(_ tokens: [Int], places: [Int], layer last: Int) -> Matrix {
    let words = matrix("deberta.embeddings.word_embeddings.weight")
    var x = norm(tokens.map { words[$0] }, "deberta.embeddings.LayerNorm")
    for layer in 0..<last {
      let name = "deberta.encoder.layer.\(layer)."
      let v = dense(x, name + "attention.self.value_proj")
      var context = x.map { $0.map { _ in 0.0 } }
      for head in 0..<configuration.headCount {
        let scores = scores(x, places: places, layer: layer, head: head)
        let all = add(add(scores.contents, scores.contentToPosition), scores.positionToContent)
        for (i, row) in all.enumerated() {
          let largest = row.max() ?? 0
          let weights = row.map { exp($0 - largest) }
          let total = weights.reduce(0, +)
          for channel in head * configuration.headSize..<(head + 1) * configuration.headSize {
            context[i][channel] =
              weights.indices.reduce(0) { $0 + weights[$1] * v[$1][channel] } / total
          }
        }
      }
      let attended = norm(
        add(dense(context, name + "attention.output.dense"), x), name + "attention.output.LayerNorm"
      )
      let hidden = gelu(dense(attended, name + "intermediate.dense"))
      x = norm(add(dense(hidden, name + "output.dense"), attended), name + "output.LayerNorm")
    }
    return x
  }

  /// The prediction for one sequence's attended tokens.
  func prediction(_ tokens: [Int], places: [Int]) -> Double {
    let first = states(tokens, places: places, layer: configuration.layerCount)[0]
    return dense(gelu(dense([first], "pooler.dense")), "classifier")[0][0]
  }
}
