// The results of a comparison as JSON.

import JSON
import Pipeline
import Solvers
import Studies
import Testing

@Suite struct `The report of a comparison` {
  @Test func `is written with everything in it, and null for what is no number`() throws {
    let linear = LinearComparison(
      name: "model.layers.3.mlp.up_proj", layer: 3, rows: 2, columns: 3,
      error: LinearError(
        weight: 0.125, calibration: 1e-5, heldOut: .nan, worstRow: 0.1, activation: nil),
      weightMSE: 1.5e-7, clippedShare: 0.25, bitsPerWeight: 4.25, seconds: 0.5,
      inputScales: [0.1, 2, .infinity],
      outliers: OutlierReport(channels: 3, shareOfChannels: 0.5, shareOfError: 0.75),
      gap: RateGap(
        gap: 0.625, total: 0.875,
        causes: RateGap.Causes(order: 0.125, cell: 0.25, loading: 0.125, clipping: 0.125)))
    let alone = LinearComparison(
      name: "lm_head", layer: nil, rows: 1, columns: 3,
      error: LinearError(weight: 0, calibration: nil, heldOut: nil, activation: 0.5),
      weightMSE: 0, clippedShare: 0, bitsPerWeight: 8, seconds: 0)
    let report = ComparisonReport(
      model: "a \"model\"", calibrationTokens: 1024, heldOutTokens: 128,
      candidates: [
        .init(method: "awq", scheme: "w4 g64", bits: 4, linears: [linear, alone], perplexity: 17.5)
      ], seconds: 1.5)
    #expect(
      report.json
        == (try JSONValue(
          parsing: #"""
            {
              "model": "a \"model\"", "calibration_tokens": 1024, "held_out_tokens": 128,
              "seconds": 1.5, "dense_perplexity": null,
              "candidates": [
                {
                  "method": "awq", "scheme": "w4 g64", "bits": 4, "perplexity": 17.5,
                  "linears": [
                    {"name": "model.layers.3.mlp.up_proj", "layer": 3, "rows": 2, "columns": 3,
                     "bits_per_weight": 4.25, "weight_error": 0.125, "calibration_error": 1e-05,
                     "held_out_error": null, "worst_row_error": 0.1, "activation_error": null,
                     "weight_mse": 1.5e-07, "clipped_share": 0.25, "seconds": 0.5,
                     "kept_channels_share": 0.5, "kept_error_share": 0.75,
                     "gap_bits": 0.625, "gap_bits_total": 0.875, "gap_order": 0.125,
                     "gap_cell": 0.25, "gap_loading": 0.125, "gap_clipping": 0.125,
                     "input_scales": [0.1, 2.0, null]},
                    {"name": "lm_head", "layer": null, "rows": 1, "columns": 3,
                     "bits_per_weight": 8.0, "weight_error": 0.0, "calibration_error": null,
                     "held_out_error": null, "worst_row_error": null, "activation_error": 0.5,
                     "weight_mse": 0.0, "clipped_share": 0.0, "seconds": 0.0,
                     "kept_channels_share": null, "kept_error_share": null,
                     "gap_bits": null, "gap_bits_total": null, "gap_order": null,
                     "gap_cell": null, "gap_loading": null, "gap_clipping": null,
                     "input_scales": null}
                  ]
                }
              ]
            }
            """#)))
  }
}
