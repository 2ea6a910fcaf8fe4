internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What no engine multiplies with 8-bit activations.
  static func integers(_ scheme: LinearScheme) -> Objection? {
    guard let activations = scheme.activations else { return nil }
    let weights = scheme.weights
    if activations.bits == 4 {
      return Objection(
        reason: "multiplies inputs in 4-bit floats with weights in the same floats only",
        remedies: [.chooseType(activations.number == .nvfp4 ? "nvfp4" : "mxfp4")])
    }
    if case .group = activations.granularity {
      return Objection(
        reason: "multiplies inputs in groups with weights in FP8 by block only",
        remedies: [.chooseType("fp8-block")])
    }
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
