internal import Formats
internal import Foundation
package import JSON
internal import LinearAlgebra
package import Pipeline

extension RunForecast {
  /// The Linears with their schemes, alike ones of all blocks in one row.
  package var table: Table {
    var table = Table([
      Table.Column("Linear", .leading), Table.Column("number"), Table.Column("shape"),
      Table.Column("stored as", .leading),
    ])
    var rows: [(linear: Linear, count: Int)] = []
    var places: [Linear: Int] = [:]
    for linear in linears {
      let kind = Linear(
        name: linear.name.withoutNumbers, rows: linear.rows, columns: linear.columns,
        scheme: linear.scheme)
      if let place = places[kind] {
        rows[place].count += 1
      } else {
        places[kind] = rows.count
        rows.append((kind, 1))
      }
    }
    for (linear, count) in rows {
      table.append([
        .words(linear.name), .integer(count), .words("\(linear.rows) x \(linear.columns)"),
        .words(linear.scheme),
      ])
    }
    return table
  }

  /// What stays dense, what is needed, and who loads the result.
  ///
  /// - Parameter speed: the floating-point operations per second of a product on this machine, by the engine of
  ///   the run.
  /// - Returns: several lines.
  package func summary(speed: Double) -> String {
    let engines = loaders.map {
      $0.isEmpty ? "no engine that is known" : $0.joined(separator: ", ")
    }
    var lines = [
      "stays dense: \(keepsTables ? "embeddings, norms, head" : "norms")"
        + (dense.isEmpty ? "" : ", and \(denseNames)"),
      "loads in: \(engines ?? "not known")",
      "disk: \(Numbers.bytes(outputBytes)) of weights"
        + (memory.scratch > 0
          ? " and, while the run lasts, \(Numbers.bytes(memory.scratch)) of hidden states" : "")
        + (freeBytes.map { ", \(Numbers.bytes($0)) free" } ?? ""),
      "memory: about \(Numbers.bytes(memory.total)) besides the mapped model (weights of a block "
        + "\(Numbers.bytes(memory.weights)), hidden states \(memory.scratch > 0 ? "in a file" : Numbers.bytes(memory.hiddenStates)), "
        + "activations \(Numbers.bytes(memory.activations)), statistics "
        + "\(Numbers.bytes(memory.statistics)), products and factors \(Numbers.bytes(memory.work)))",
      "time: about \(Numbers.duration(seconds(speed: speed))), at \(Numbers.fixed(speed / 1e9, 0)) GFLOP/s in "
        + engine.rawValue,
    ]
    if takenOver > 0 { lines.insert("taken over as they are: \(takenOver) other Linears", at: 0) }
    lines += warnings.map { "warning: \($0.text)" }
    return lines.joined(separator: "\n")
  }

  /// The forecast as JSON.
  package func json(speed: Double) -> JSONValue {
    [
      "linears": .array(
        linears.map { linear in
          [
            "name": .string(linear.name), "rows": .number(JSONNumber(linear.rows)),
            "columns": .number(JSONNumber(linear.columns)), "scheme": .string(linear.scheme),
          ]
        }),
      "taken_over": .number(JSONNumber(takenOver)),
      "dense": .array(dense.map { .string($0) }),
      "loaders": loaders.map { .array($0.map { .string($0) }) } ?? .null,
      "warnings": .array(warnings.map { .string($0.text) }),
      "output_bytes": .number(JSONNumber(outputBytes)),
      "free_bytes": freeBytes.map { .number(JSONNumber($0)) } ?? .null,
      "memory_bytes": .number(JSONNumber(memory.total)),
      "scratch_bytes": .number(JSONNumber(memory.scratch)),
      "seconds": .rounded(seconds(speed: speed)),
    ]
  }

  /// The time of the run, at 0.8 of a product's speed in float32 and 0.5 in bfloat16.
  ///
  /// On SmolLM2-135M and two cores with AVX2, runs reached 0.82 (preset fast, 64 windows of 256 tokens), 0.93
  /// (balanced, the same) and 0.69 (fast, 8 windows of 2048). The faster products are, the more the rest weighs: with
  /// products in bfloat16 on two cores with AVX512-BF16, 0.52 (fast) and 0.54 (balanced).
  private func seconds(speed: Double) -> Double {
    flops / ((engine == .float32 ? 0.8 : 0.5) * speed)
  }

  private var denseNames: String {
    var names: [String] = []
    for name in dense.map(\.withoutNumbers) where !names.contains(name) { names.append(name) }
    return names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
  }
}

extension String {
  /// The name with a star in place of each part that is a number.
  fileprivate var withoutNumbers: String {
    split(separator: ".").map { Int($0) == nil ? String($0) : "*" }.joined(separator: ".")
  }
}
