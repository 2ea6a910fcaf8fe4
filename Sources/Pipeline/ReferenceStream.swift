internal import Checkpoint
internal import LinearAlgebra
internal import Transformer

/// The hidden states of the same windows in the full-precision model, beside a quantized one.
struct ReferenceStream {
  var stream: Stream
  /// The block that they pass, with its original weights, which the other one gives up as it is quantized.
  let block: DecoderBlock

  /// A stream that enters a block.
  init(_ stream: Stream, entering block: DecoderBlock) throws(CheckpointError) {
    self.stream = stream
    self.block = block.keptForProducts()
    try self.stream.enter(self.block)
  }

  /// Takes some bundles to a stage; the inputs of its groups, for each bundle and window.
  mutating func inputs(
    _ batch: Range<Int>, of stage: Int
  ) throws(CheckpointError) -> [[[Matrix]]] {
    try stream.inputs(batch, of: stage, block)
  }

  /// The stream at the end of the block.
  consuming func leaving() throws(CheckpointError) -> Stream {
    try stream.leave(block)
    return stream
  }
}
