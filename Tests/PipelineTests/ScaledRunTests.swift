// Runs that scale activations: what is written is what was computed, and stands for the same model.

import Checkpoint
import Formats
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
    _ method: Method, granularity: Scheme.Granularity? = nil, symmetric: Bool = true,
    range: GridRule.Range = .minMax
  ) throws -> QuantizationSettings {
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
  let method: Method
  let family: TinyModel.Family
  let format: FloatFormat
  var testDescription: String { "\(method.name) on \(family) in \(format)" }

  func settings() throws -> QuantizationSettings { try .scaled(method) }
  var model: TinyModel { TinyModel(format, family: family) }

  static let methods: [Method] = [
    .awq, .awqClip, .awqGPTQ, .smoothQuant, .smoothQuantStatic, .smoothQuantGPTQ,
  ]

  static let all =
    methods.flatMap { method in
      [
        ScaledRun(method: method, family: .llama, format: .float32),
        ScaledRun(method: method, family: .qwen2, format: .bfloat16),
      ]
    } + [ScaledRun(method: .awqOutput, family: .qwen3, format: .float16)]
}

/// ‖A − B‖² / ‖B‖².
private func share(_ a: [Matrix], _ b: [Matrix]) throws -> Double {
  let pairs = try pairs(a.flatMap(\.elements), b.flatMap(\.elements))
  let lost = pairs.reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
  return lost / pairs.reduce(0) { $0 + Double($1.1) * Double($1.1) }
}

@Suite struct `A run with scaled activations` {
  @Test(arguments: ScaledRun.all)
  func `writes what it computed, and the output predicts nearly what the model did`(run: ScaledRun)
    throws
  {
    try TemporaryFolder.with { folder in
      let model = try folder.open(run.model)
      let output = try folder.quantize(model, try run.settings())
      let replay = try model.replay(try run.settings())
      var windows = try CalibrationSet.random.heldOut.map(model.embeddings)
      var changed = 0
      for (index, replayed) in replay.enumerated() {
        var written = try output.block(index)
        let (original, after) = (try model.block(index), replayed.after)
        #expect(Set(written.weights.norms.keys) == Set(after.weights.norms.keys))
        for (name, norm) in written.weights.norms {
          #expect(norm.gain == after.weights.norms[name]?.gain, "\(name)")
        }
        #expect(Set(written.weights.linears.keys) == Set(after.weights.linears.keys))
        for (name, a) in written.weights.linears {
          let b = after.weights.linear(name)
          #expect(a.bias?.values == b.bias?.values, "\(name)")
          // A code may differ where sums were rounded differently.
          let differing = try pairs(a.weight.elements, b.weight.elements).count {
            abs($0 - $1) > 1e-5 * abs($1)
          }
          #expect(differing <= a.weight.elements.count / 200, "\(name): \(differing)")
          // Whether a folder keeps what rounds the inputs is a matter of its format.
          written.weights.linears[name]?.activations = b.activations
        }
        changed += replayed.stages.count { $0.solution.factors != nil }
        var (own, dense) = (windows, windows)
        for w in windows.indices {
          after(&own[w])
          written(&windows[w])
          original(&dense[w])
        }
        let apart = try share(windows, own)
        #expect(apart < 1e-4, "block \(index): \(apart)")
        let lost = try share(windows, dense)
        let bound = try run.settings().scheme.bits == 4 ? 0.1 : 0.005
        #expect(lost < bound, "block \(index): \(lost)")
      }
      #expect(changed >= 4, "\(changed) stages were scaled")
    }
  }
}
