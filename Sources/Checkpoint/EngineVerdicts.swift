// What the engines accept, by format, as of vLLM 0.33, transformers 5.23 and gptqmodel 7.7.

public import Quantizer

extension CompressedTensorsFormat {
  /// What each engine makes of such a Linear.
  public func verdicts(on linear: LinearShape, _ scheme: LinearScheme) -> [EngineVerdict] {
    guard scheme.activations != nil else {
      return [vllmVerdict(on: scheme.weights), transformersVerdict(on: scheme.weights)]
    }
    let objection = integerObjection(to: scheme.weights)
    return ["vLLM", "transformers"].map { EngineVerdict($0, objection: objection) }
  }

  /// What no engine multiplies with 8-bit activations.
  private func integerObjection(to scheme: Scheme) -> String? {
    if scheme.bits != 8 {
      return "multiplies 8-bit activations with 8-bit weights only, not \(scheme.bits); use 8 bits"
    }
    if !scheme.isSymmetric {
      return "multiplies 8-bit activations with symmetric weights only; use --symmetric"
    }
    guard case .group(let size) = scheme.granularity else { return nil }
    return "multiplies 8-bit activations with one scale for each row or the whole matrix, not "
      + "for groups of \(size); use --group-size channel"
  }

  private func vllmVerdict(on scheme: Scheme) -> EngineVerdict {
    guard scheme.bits == 4 || scheme.bits == 8 else {
      return EngineVerdict(
        "vLLM",
        objection: "loads \(scheme.bits) bits only with its Humming kernels; "
          + "4 or 8 bits always load",
        isConditional: true)
    }
    return EngineVerdict("vLLM", objection: groupObjection(to: scheme))
  }

  private func transformersVerdict(on scheme: Scheme) -> EngineVerdict {
    guard !scheme.isSymmetric else { return EngineVerdict("transformers") }
    return EngineVerdict(
      "transformers",
      objection: "loads asymmetric weights only with CompressedTensorsConfig(dequantize=True); "
        + "--symmetric loads without",
      isConditional: true)
  }
}

extension GPTQFormat {
  /// What each engine makes of such a Linear.
  public func verdicts(on linear: LinearShape, _ scheme: LinearScheme) -> [EngineVerdict] {
    let packing = activationObjection(to: scheme) ?? packingObjection(to: linear, scheme.weights)
    let gptqmodel =
      scheme.weights.isSymmetric
      ? nil : "trusts asymmetric zero points of its own files only; --symmetric loads"
    return [
      EngineVerdict("vLLM", objection: packing ?? vllmObjection(to: scheme.weights)),
      EngineVerdict("transformers", objection: packing),
      EngineVerdict("gptqmodel", objection: packing ?? gptqmodel),
    ]
  }

  /// What no reader of the format can store.
  private func packingObjection(to linear: LinearShape, _ scheme: Scheme) -> String? {
    guard [2, 3, 4, 8].contains(scheme.bits) else {
      return "the format has no \(scheme.bits) bits; use 2, 3, 4 or 8, "
        + "or --format compressed-tensors"
    }
    for (side, length) in [("input", linear.columns), ("output", linear.rows)]
    where length * scheme.bits % 32 != 0 {
      return "\(linear.name): the \(side) width \(length) does not fill 32-bit words "
        + "at \(scheme.bits) bits; use --format compressed-tensors"
    }
    return nil
  }

  private func vllmObjection(to scheme: Scheme) -> String? {
    if !scheme.isSymmetric {
      return "loads no asymmetric GPTQ; use --symmetric or --format compressed-tensors"
    }
    if scheme.bits != 4 && scheme.bits != 8 {
      return "loads GPTQ with 4 or 8 bits only; for \(scheme.bits) bits use "
        + "--format compressed-tensors"
    }
    return groupObjection(to: scheme)
  }
}

extension AWQFormat {
  /// What each engine makes of such a Linear.
  public func verdicts(on linear: LinearShape, _ scheme: LinearScheme) -> [EngineVerdict] {
    let packing = activationObjection(to: scheme) ?? packingObjection(to: linear, scheme.weights)
    return [
      EngineVerdict(
        "vLLM", objection: packing ?? vllmObjection(to: linear, scheme.weights),
        isConditional: packing == nil),
      EngineVerdict("transformers", objection: packing),
    ]
  }

  /// What no reader of the format can store.
  private func packingObjection(to linear: LinearShape, _ scheme: Scheme) -> String? {
    guard scheme.bits == 4 else {
      return "the format has 4 bits only, not \(scheme.bits); use --format compressed-tensors"
    }
    guard linear.rows % 8 == 0 else {
      return "\(linear.name): the output width \(linear.rows) does not fill words of eight codes; "
        + "use --format compressed-tensors"
    }
    return nil
  }

  /// What some of vLLM's kernels refuse and others take.
  private func vllmObjection(to linear: LinearShape, _ scheme: Scheme) -> String? {
    for (side, length) in [("input", linear.columns), ("output", linear.rows)]
    where length % 32 != 0 {
      return "loads AWQ on a CPU only where widths are multiples of 32; the \(side) width of "
        + "\(linear.name) is \(length)"
    }
    guard case .group(let size) = scheme.granularity, ![32, 64, 128].contains(size) else {
      return nil
    }
    return "has fast AWQ kernels for groups of 32, 64 and 128 or whole rows only; groups of "
      + "\(size) run on its slow ones"
  }
}

/// What formats of weights alone cannot say.
private func activationObjection(to scheme: LinearScheme) -> String? {
  scheme.activations == nil
    ? nil : "the format has no quantized activations; use --format compressed-tensors"
}

/// The group sizes that vLLM's kernels know.
private func groupObjection(to scheme: Scheme) -> String? {
  guard case .group(let size) = scheme.granularity, ![32, 64, 128].contains(size) else {
    return nil
  }
  return "its kernels know groups of 32, 64 and 128 or whole rows, not \(size)"
}
