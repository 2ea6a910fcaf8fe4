// Runs that scale activations: what is written is what was computed, and it is still the model.

import Checkpoint
import Foundation
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

extension QuantizationSettings {
  /// Groups of 16 in 4 bits, or where inputs are rounded as well 8 bits by channel.
  static func scaled(
    _ words: String, granularity: Scheme.Granularity? = nil, symmetric: Bool = true,
    range: GridRule.Range = .minMax
  ) throws -> QuantizationSettings {
    let method = try Method(words)
    let isInt8 = method.activations != nil
    return QuantizationSettings(
      scheme: try Scheme(
        bits: isInt8 ? 8 : 4, symmetric: symmetric,
        granularity: granularity ?? (isInt8 ? .channel : .group(16))),
      range: range, method: method)
  }
}

/// A method, and the kind of model that it is tried on.
struct ScaledRun: Sendable, CustomTestStringConvertible {
  let words: String
  let family: TinyModel.Family
  let format: FloatFormat
  var testDescription: String { "\(words) on \(family) in \(format)" }

  func settings() throws -> QuantizationSettings { try .scaled(words) }
  var model: TinyModel { TinyModel(format, family: family) }

  static let words = [
    "awq", "awq+clip", "awq+gptq", "smoothquant", "smoothquant+static", "smoothquant+gptq",
  ]

  static let all =
    words.flatMap { words in
      [
        ScaledRun(words: words, family: .llama, format: .float32),
        ScaledRun(words: words, family: .qwen2, format: .bfloat16),
      ]
    } + [ScaledRun(words: "awq-output", family: .qwen3, format: .float16)]
}

/// ‖A − B‖² / ‖B‖².
private func share(_ a: [Matrix], _ b: [Matrix]) -> Double {
  let pairs = zip(a.flatMap(\.elements), b.flatMap(\.elements))
  let lost = pairs.reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
  return lost / pairs.reduce(0) { $0 + Double($1.1) * Double($1.1) }
}

@Suite struct `A run with scaled activations` {
  @Test(arguments: ScaledRun.all)
  func `writes what it computed, and the model says what it said`(run: ScaledRun) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(run.model)
      let output = try folder.quantize(model, try run.settings())
      let replay = try model.replay(try run.settings())
      var windows = try CalibrationSet.random.heldOut.map(model.embeddings)
      var changed = 0
      for (layer, sublayers) in replay.enumerated() {
        var written = try output.block(layer)
        let original = try model.block(layer)
        for (i, replayed) in sublayers.enumerated() {
          let after = replayed.after
          #expect(written.sublayers[i].norm.gain == after.norm.gain)
          let stored = written.sublayers[i].inputLinears + [written.sublayers[i].outputLinear]
          let own = after.inputLinears + [after.outputLinear]
          for (a, b) in zip(stored, own) {
            #expect(a.bias?.values == b.bias?.values, "\(a.name)")
            // A code may differ where sums were added in another order.
            let differing = zip(a.weight.elements, b.weight.elements).count {
              abs($0 - $1) > 1e-5 * abs($1)
            }
            #expect(differing <= a.weight.elements.count / 200, "\(a.name): \(differing)")
          }
          changed += replayed.stages.count { $0.factors != nil }
          // What rounds the inputs is the format's to keep.
          for j in replayed.after.inputLinears.indices {
            written.sublayers[i].inputLinears[j].activations = after.inputLinears[j].activations
          }
          written.sublayers[i].outputLinear.activations = after.outputLinear.activations
        }
        var (own, dense) = (windows, windows)
        for w in windows.indices {
          for replayed in sublayers {
            let after = replayed.after
            after.addOutput(after.inner(after.input(own[w])), to: &own[w])
          }
          written(&windows[w])
          original(&dense[w])
        }
        let apart = share(windows, own)
        #expect(apart < 1e-4, "layer \(layer): \(apart)")
        let lost = share(windows, dense)
        let bound = try run.settings().scheme.bits == 4 ? 0.1 : 0.005
        #expect(lost < bound, "layer \(layer): \(lost)")
      }
      #expect(changed >= 4, "\(changed) stages were scaled")
    }
  }
}
