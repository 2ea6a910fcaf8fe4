internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What bitsandbytes does not store.
  static func bitsAndBytes(_ scheme: LinearScheme) -> Objection? {
    if let objection = weightsOnly(scheme) { return objection }
    let types = BitsAndBytesType.allCases
    if types.contains(where: { BitsAndBytesFormat($0).standardScheme == scheme.weights }) {
      return nil
    }
    return Objection(
      reason: "stores the levels of nf4 and fp4 in groups of 64, and nothing else",
      remedies: [.chooseFormat("compressed-tensors")])
  }
}
