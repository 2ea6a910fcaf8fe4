// What engines say of the floats of compressed-tensors.

internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What is said of weights that are floats.
  static func floats(
    _ linear: LinearShape, _ scheme: LinearScheme, inVLLM isVLLM: Bool
  ) -> Objection? {
    switch CompressedTensorsType(scheme.weights) {
    case .nvfp4: fp4(scheme, .nvfp4, inVLLM: isVLLM)
    case .mxfp4: fp4(scheme, .mxfp4, inVLLM: isVLLM)
    case .fp8: fp8(scheme, inVLLM: isVLLM)
    case .fp8Block: blocks(linear, scheme, inVLLM: isVLLM)
    case .integers, nil: nil
    }
  }

  private static func fp4(
    _ scheme: LinearScheme, _ inputs: ActivationScheme, inVLLM isVLLM: Bool
  ) -> Objection? {
    if let activations = scheme.activations, activations != inputs {
      return Objection(
        reason: "multiplies floats of 4 bits with inputs in the same floats, or in 16 bits, only",
        remedies: [])
    }
    guard isVLLM else { return nil }
    return Objection(
      reason: "multiplies floats of 4 bits on GPUs only", remedies: [], isConditional: true)
  }

  private static func fp8(_ scheme: LinearScheme, inVLLM isVLLM: Bool) -> Objection? {
    guard let activations = scheme.activations else { return unrounded(inVLLM: isVLLM) }
    guard activations.number == .float else { return otherInputs }
    if case .group = activations.granularity {
      return Objection(
        reason: "multiplies inputs in groups with weights in FP8 by block only",
        remedies: [.chooseType("fp8-block")])
    }
    // Found with vLLM 0.32 on a CPU, which expects a scale for each token beside one for each row.
    guard isVLLM, activations.granularity == .tensor, scheme.weights.granularity == .channel else {
      return nil
    }
    return Objection(
      reason: "multiplies inputs in FP8 of one scale with weights of one for each row on GPUs only",
      remedies: [], isConditional: true)
  }

  private static func blocks(
    _ linear: LinearShape, _ scheme: LinearScheme, inVLLM isVLLM: Bool
  ) -> Objection? {
    guard case .block(let rows, let columns) = scheme.weights.granularity else { return nil }
    guard let activations = scheme.activations else { return unrounded(inVLLM: isVLLM) }
    guard activations.number == .float else { return otherInputs }
    guard activations.granularity == .group(columns) else {
      return Objection(
        reason: "multiplies weights in FP8 by block with inputs in groups of \(columns) only",
        remedies: [])
    }
    guard linear.columns % columns == 0 else {
      return Objection(
        reason:
          "rounds inputs in groups of \(columns), which do not fill the input width \(linear.columns) of \(linear.name)",
        remedies: [.chooseType("fp8")])
    }
    guard isVLLM else { return nil }
    guard linear.rows % rows != 0 else {
      // Found with vLLM 0.32 on a CPU without them.
      return Objection(
        reason: "multiplies weights in FP8 by block on GPUs and on CPUs with AMX only",
        remedies: [], isConditional: true)
    }
    return Objection(
      reason:
        "merges matrices (q, k and v; gate and up) only where blocks of \(rows) fill their rows; \(linear.name) has \(linear.rows)",
      remedies: [.chooseType("fp8")], isConditional: true)
  }

  private static func unrounded(inVLLM isVLLM: Bool) -> Objection? {
    guard isVLLM else { return nil }
    return Objection(
      reason: "multiplies weights in FP8 with other inputs than FP8 on GPUs only", remedies: [],
      isConditional: true)
  }

  private static var otherInputs: Objection {
    Objection(
      reason: "multiplies weights in FP8 with inputs in FP8, not with other numbers", remedies: [])
  }
}
