internal import Checkpoint
internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What no block of llama.cpp holds.
  static func gguf(_ scheme: LinearScheme) -> Objection? {
    if let objection = weightsOnly(scheme) { return objection }
    guard GGUFType(scheme.weights) == nil else { return nil }
    return Objection(
      reason: "has no type of blocks for this; files of it have the types of --type",
      remedies: [.chooseFormat("compressed-tensors")])
  }
}
