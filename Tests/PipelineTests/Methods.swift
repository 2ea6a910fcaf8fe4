import Quantizer
public import Solvers
public import Testing

// Methods as a program names them; the words of the command line are the command's.

extension Method {
  static let awq = Method(transform: .awq, rounding: .nearest)
  static let awqClip = Method(
    name: "awq+clip", transform: .awq, rounding: .nearest, clips: true)
  static let awqGPTQ = Method(transform: .awq, rounding: .gptq)
  static let awqOutput = Method(transform: .awqOutput, rounding: .nearest)
  static let smoothQuant = Method(transform: .smoothQuant, rounding: .nearest)
  static let smoothQuantStatic = Method(
    name: "smoothquant+static", transform: .smoothQuant, rounding: .nearest, activations: .tensor)
  static let smoothQuantGPTQ = Method(transform: .smoothQuant, rounding: .gptq)
  static let int8 = Method(name: "int8", rounding: .nearest, activations: .token)
  static let int8Outliers = Method(
    name: "int8+outliers", rounding: .nearest, activations: .token, keepsOutliers: true)
  static let staticInt8 = Method(name: "static", rounding: .nearest, activations: .tensor)
}

extension Method: CustomTestStringConvertible {
  /// Its name.
  public var testDescription: String { name }
}
