// What the engines accept, by format, as of vLLM 0.33, transformers 5.23 and gptqmodel 7.7.

public import Quantizer

extension CompressedTensorsFormat {
  /// What each engine makes of such a Linear.
  public func verdicts(on linear: LinearShape, _ scheme: LinearScheme) -> [EngineVerdict] {
    [vllmVerdict(on: scheme.weights), transformersVerdict(on: scheme.weights)]
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
    let scheme = scheme.weights
    let packing = packingObjection(to: linear, scheme)
    let gptqmodel =
      scheme.isSymmetric
      ? nil : "trusts asymmetric zero points of its own files only; --symmetric loads"
    return [
      EngineVerdict("vLLM", objection: packing ?? vllmObjection(to: scheme)),
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

/// The group sizes that vLLM's kernels know.
private func groupObjection(to scheme: Scheme) -> String? {
  guard case .group(let size) = scheme.granularity, ![32, 64, 128].contains(size) else {
    return nil
  }
  return "its kernels know groups of 32, 64 and 128 or whole rows, not \(size)"
}
