internal import Glibc
internal import LinearAlgebra
internal import Pipeline
internal import Transformer

/// The hidden states of a text in the dense model and in each of its quantized versions.
struct JudgedStreams {
  private let text: TokenWindows?
  private var dense: Stream
  private var candidates: [Stream]

  /// Streams that start with the embeddings; empty without a text.
  init(_ model: LanguageModel, _ text: TokenWindows?, count: Int) throws {
    if text != nil { try model.checkPredicts() }
    self.text = text
    dense = Stream(try text?.windows.map(model.embeddings) ?? [])
    candidates = [Stream](repeating: dense, count: count)
  }

  /// Passes the dense stream through a block.
  mutating func passDense(_ block: DecoderBlock) throws { try dense.pass(block) }

  /// Passes a candidate's stream through its version of the block.
  mutating func pass(_ block: DecoderBlock, candidate: Int) throws {
    try candidates[candidate].pass(block)
  }

  /// The perplexities after the last block; nil without a text.
  func perplexities(of model: LanguageModel) throws -> (dense: Double, candidates: [Double])? {
    guard let text else { return nil }
    func perplexity(_ stream: Stream) throws -> Double {
      try Self.perplexity(model, stream.windows, text)
    }
    return (try perplexity(dense), try candidates.map(perplexity))
  }

  private static func perplexity(
    _ model: LanguageModel, _ hidden: [Matrix], _ text: TokenWindows
  ) throws -> Double {
    var sum = 0.0
    // The head is decoded for each call, so each call takes enough windows for 4096 rows.
    for part in text.windows.indices.parts(of: max(1, 4096 / text.length)) {
      // The state at a token predicts the next one; a window's last state has nothing to predict.
      let states = Matrix(stacking: hidden[part].map { $0.copy(rows: 0..<$0.rows - 1) })
      let targets = text.windows[part].flatMap { $0.dropFirst() }
      sum += try model.logProbabilities(of: targets, after: states).reduce(0, +)
    }
    return exp(-sum / Double(text.windows.count * (text.length - 1)))
  }
}
