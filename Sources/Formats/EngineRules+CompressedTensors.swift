internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What no engine multiplies with 8-bit activations.
  static func integers(_ scheme: LinearScheme) -> Objection? {
    guard let activations = scheme.activations else { return nil }
    let weights = scheme.weights
    if weights.bits == 4, weights.isSymmetric, activations.isSymmetric {
      guard activations.granularity == .tensor else { return nil }
      return Objection(
        reason:
          "multiplies weights of 4 bits with 8-bit inputs only if each token has a scale of its own",
        remedies: [])
    }
    if activations.number == .float {
      return Objection(
        reason:
          "multiplies inputs in FP8 with weights in FP8, or with symmetric ones of 4 bits, only",
        remedies: [.chooseType("fp8")])
    }
    if weights.bits != 8 {
      return Objection(
        reason: "multiplies 8-bit activations with 8-bit weights only, not \(weights.bits)",
        remedies: [.chooseBits([8])])
    }
    if !weights.isSymmetric {
      return Objection(
        reason: "multiplies 8-bit activations with symmetric weights only",
        remedies: [.useSymmetricWeights])
    }
    guard case .group(let size) = weights.granularity else { return nil }
    return Objection(
      reason: "multiplies 8-bit activations with one scale for each row or the whole matrix, not "
        + "for groups of \(size)", remedies: [.useWholeRows])
  }

  /// What is said of weights that are floats.
  static func floats(_ scheme: LinearScheme, inVLLM isVLLM: Bool) -> Objection? {
    guard scheme.weights.bits == 4 else { return fp8(scheme, inVLLM: isVLLM) }
    if scheme.activations != nil {
      return Objection(
        reason:
          "would need another layout for floats of 4 bits beside rounded inputs, which is not written",
        remedies: [])
    }
    guard isVLLM else { return nil }
    return Objection(
      reason: "multiplies floats of 4 bits on GPUs only", remedies: [], isConditional: true)
  }

  private static func fp8(_ scheme: LinearScheme, inVLLM isVLLM: Bool) -> Objection? {
    guard let activations = scheme.activations else {
      guard isVLLM else { return nil }
      return Objection(
        reason: "multiplies weights in FP8 with other inputs than FP8 on GPUs only", remedies: [],
        isConditional: true)
    }
    if activations.number == .integer {
      return Objection(
        reason: "multiplies weights in FP8 with inputs in FP8, not with integers", remedies: [])
    }
    // Found with vLLM 0.32 on a CPU, which expects a scale for each token beside one for each row.
    guard isVLLM, activations.granularity == .tensor, scheme.weights.granularity == .channel else {
      return nil
    }
    return Objection(
      reason: "multiplies inputs in FP8 of one scale with weights of one for each row on GPUs only",
      remedies: [], isConditional: true)
  }

  static func packed(inVLLM scheme: LinearScheme) -> Objection? {
    if let activations = scheme.activations { return narrow(scheme.weights, activations) }
    let bits = scheme.weights.bits
    if bits == 4 || bits == 8 {
      // On a CPU, groups of any even size were found to load.
      var objection = groups(inVLLM: scheme.weights)
      objection?.isConditional = true
      return objection
    }
    return Objection(
      reason:
        "loads \(bits) bits only with its Humming kernels; 4 and 8 bits load on other GPUs, 4 bits on a CPU too",
      remedies: [.chooseBits([4, 8])], isConditional: true)
  }

  /// What vLLM says of weights of 4 bits beside rounded inputs.
  private static func narrow(_ weights: Scheme, _ activations: ActivationScheme) -> Objection? {
    guard weights.bits == 4 else { return nil }
    guard activations.number == .float else {
      return Objection(
        reason:
          "multiplies 8-bit inputs with weights of 4 bits only with its Humming kernels, on GPUs",
        remedies: [], isConditional: true)
    }
    guard weights.granularity == .group(128) else {
      return Objection(
        reason: "multiplies inputs in FP8 with weights of 4 bits in groups of 128 only",
        remedies: [.useGroups([128])])
    }
    return Objection(
      reason:
        "multiplies inputs in FP8 with weights of 4 bits on GPUs with the capability 9.0 only",
      remedies: [], isConditional: true)
  }

  static func packed(inTransformers scheme: LinearScheme) -> Objection? {
    guard scheme.activations == nil, !scheme.weights.isSymmetric else { return nil }
    return Objection(
      reason: "loads asymmetric weights only with CompressedTensorsConfig(dequantize=True); "
        + "symmetric ones load without it",
      remedies: [.useSymmetricWeights], isConditional: true)
  }
}
