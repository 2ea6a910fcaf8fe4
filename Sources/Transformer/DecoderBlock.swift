public import LinearAlgebra

/// One decoder block with its weights in memory: attention, then the MLP.
public struct DecoderBlock: Sendable {
  /// The halves, in the order of the computation.
  public var sublayers: [any Sublayer]

  /// Passes the hidden states of one sequence, `[tokens, hidden]`, through the block.
  public func callAsFunction(_ hidden: inout Matrix) {
    for sublayer in sublayers {
      sublayer.addOutput(sublayer.inner(sublayer.input(hidden)), to: &hidden)
    }
  }
}
