// Reports to make tables and pages of: a small one whose figures can be checked by hand, and a large one of
// plausible figures.

import Foundation
import Pipeline
import Solvers
import Studies
import TestSupport

typealias Candidate = ComparisonReport.Candidate

/// A Linear's results; errors are shares of one.
func linear(
  _ name: String, layer: Int?, weight: Double = 0.25, calibration: Double?, heldOut: Double?,
  activation: Double? = nil, scales: [Float]? = nil, bitsPerWeight: Double = 4.25
) -> LinearComparison {
  LinearComparison(
    name: name, layer: layer, rows: 2, columns: 8,
    error: LinearError(
      weight: weight, calibration: calibration, heldOut: heldOut, worstRow: 0.5,
      activation: activation),
    weightMSE: 1.5e-5, clippedShare: 0.001, bitsPerWeight: bitsPerWeight, seconds: 0.25,
    inputScales: scales)
}

/// A candidate whose Linears, two to a block, have these held-out errors.
func candidate(
  _ method: String, _ scheme: String = "w4 g64", errors: [Double], perplexity: Double? = nil
) -> Candidate {
  let linears = errors.enumerated().map { index, error in
    linear(
      "model.layers.\(index / 2).\(index % 2 == 0 ? "self_attn.q_proj" : "mlp.up_proj")",
      layer: index / 2, calibration: error / 2, heldOut: error)
  }
  return Candidate(
    method: method, scheme: scheme, bits: 4, linears: linears, perplexity: perplexity)
}

func report(_ candidates: [Candidate], model: String = "tiny", dense: Double? = nil)
  -> ComparisonReport
{
  ComparisonReport(
    model: model, calibrationTokens: 1024, heldOutTokens: 128, candidates: candidates,
    densePerplexity: dense, seconds: 12.5)
}

/// Five methods at two widths on thirty blocks of seven Linears: errors grow with depth and differ by
/// kind, method and bits, as they do.
func largeReport(blocks: Int = 30, model: String = "SmolLM2-135M-Instruct") -> ComparisonReport {
  let methods = [
    ("rtn", 1.0), ("awq", 0.7), ("gptq", 0.45), ("awq+gptq", 0.38), ("smoothquant", 0.85),
  ]
  let modules = [
    ("self_attn.q_proj", 0.0004), ("self_attn.k_proj", 0.0006), ("self_attn.v_proj", 0.003),
    ("self_attn.o_proj", 0.002), ("mlp.gate_proj", 0.003), ("mlp.up_proj", 0.005),
    ("mlp.down_proj", 0.004),
  ]
  var random = SplitMix64(seed: 7)
  var candidates: [Candidate] = []
  for (scheme, bits, loss) in [("w4 g64", 4, 1.0), ("w3 g64", 3, 4.3)] {
    for (method, share) in methods {
      var linears: [LinearComparison] = []
      for layer in 0..<blocks {
        for (module, size) in modules {
          let error =
            size * loss * share * (1 + Double(layer) / 10) * random.logNormal(0.25)
          let scales = (0..<64).map { _ in Float(random.logNormal(0.5 + Double(layer) / 60)) }
          linears.append(
            LinearComparison(
              name: "model.layers.\(layer).\(module)", layer: layer,
              rows: module.hasSuffix("down_proj") ? 576 : 1536,
              columns: module.hasSuffix("down_proj") ? 1536 : 576,
              error: LinearError(
                weight: 3 * error, calibration: 0.9 * error, heldOut: error, worstRow: 9 * error),
              weightMSE: error / 100, clippedShare: 0.001 * share,
              bitsPerWeight: Double(bits) + 0.25, seconds: 0.05 + 0.2 * share,
              inputScales: ["awq", "awq+gptq", "smoothquant"].contains(method) ? scales : nil))
        }
      }
      candidates.append(
        Candidate(
          method: method, scheme: scheme, bits: bits, linears: linears,
          perplexity: 17.04 + 5 * loss * share))
    }
  }
  return report(candidates, model: model, dense: 17.04)
}
