public import JSON
internal import Pipeline
internal import Solvers

extension ComparisonReport {
  /// The whole report as JSON.
  ///
  /// Numbers that are not finite become null, since JSON cannot express them.
  public var json: JSONValue {
    [
      "model": .string(model), "calibration_tokens": .number(JSONNumber(calibrationTokens)),
      "held_out_tokens": .number(JSONNumber(heldOutTokens)), "seconds": .rounded(seconds),
      "dense_perplexity": .rounded(densePerplexity),
      "candidates": .array(candidates.map(\.json)),
    ]
  }
}

extension ComparisonReport.Candidate {
  fileprivate var json: JSONValue {
    [
      "method": .string(method), "scheme": .string(scheme), "bits": .number(JSONNumber(bits)),
      "perplexity": .rounded(perplexity), "linears": .array(linears.map(\.json)),
    ]
  }
}

extension LinearComparison {
  fileprivate var json: JSONValue {
    let members: JSONValue = [
      "name": .string(name), "layer": layer.map { .number(JSONNumber($0)) } ?? .null,
      "rows": .number(JSONNumber(rows)), "columns": .number(JSONNumber(columns)),
      "bits_per_weight": .rounded(bitsPerWeight), "weight_error": .rounded(error.weight),
      "calibration_error": .rounded(error.calibration), "held_out_error": .rounded(error.heldOut),
      "worst_row_error": .rounded(error.worstRow), "activation_error": .rounded(error.activation),
      "weight_mse": .rounded(weightMSE), "clipped_share": .rounded(clippedShare),
      "seconds": .rounded(seconds),
      "kept_channels_share": .rounded(outliers?.shareOfChannels),
      "kept_error_share": .rounded(outliers?.shareOfError),
      "gap_bits": .rounded(gap?.gap), "gap_bits_total": .rounded(gap?.total),
      "gap_order": .rounded(gap?.causes?.order), "gap_cell": .rounded(gap?.causes?.cell),
      "gap_loading": .rounded(gap?.causes?.loading),
      "gap_clipping": .rounded(gap?.causes?.clipping),
      "input_scales": inputScales.map { .array($0.map { .rounded(Double($0)) }) } ?? .null,
    ]
    return members.adding("expert_tokens", expertTokens)
  }
}
