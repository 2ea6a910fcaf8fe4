public import LinearAlgebra

/// One half of a decoder block: normalize, project, do something, project back, add.
///
///     x = norm(h)                the input of the input Linears: one stage
///     y = inner(x)               uses the input Linears; the input of the output Linear: one stage
///     h ← h + output(y)
///
/// A quantizer goes through it stage by stage: when it measures y, the input Linears are quantized
/// already.
public protocol Sublayer: Sendable {
  /// What normalizes the hidden states.
  var norm: RMSNorm { get set }
  /// The Linears that read the normalized hidden states.
  var inputLinears: [Linear] { get set }
  /// The Linear that writes to the residual stream.
  var outputLinear: Linear { get set }

  /// Which of the input Linears makes the values that the output Linear averages or multiplies, so
  /// that a factor on its outputs comes through unchanged.
  var producer: Int { get }
  /// For each channel of the output Linear's input, the output of the producer that it comes from.
  var producerRows: [Int] { get }

  /// The input of the input Linears for the hidden states of one sequence, `[tokens, hidden]`.
  func input(_ hidden: Matrix) -> Matrix

  /// The input of the output Linear, from the input of the input Linears.
  func inner(_ input: Matrix) -> Matrix
}

extension Sublayer {
  /// Adds the sublayer's output to the hidden states, from the input of its output Linear.
  public func addOutput(_ inner: Matrix, to hidden: inout Matrix) {
    hidden.add(outputLinear(inner))
  }
}
