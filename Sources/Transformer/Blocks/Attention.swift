public import LinearAlgebra

/// Causal grouped-query attention with rotary positions, optionally within a sliding window.
public struct Attention: Mixer {
  private let projections: Projections
  private let output: Slot
  private let heads: HeadShape
  private let queryNorm: NormDeclaration?
  private let keyNorm: NormDeclaration?
  private let rotary: RotaryConfiguration
  private let scale: Float
  private let window: Int?

  /// Attention with given parts.
  ///
  /// - Parameters:
  ///   - projections: the Linears that make q, k and v.
  ///   - output: the key of the Linear that writes to the residual stream.
  ///   - hidden: the width of the residual stream.
  ///   - heads: the number of heads and their width d.
  ///   - hasOutputBias: whether that Linear has a bias.
  ///   - rotary: the angles of the rotary positions.
  ///   - queryNorm: the norm of each head of q before its rotation; nil for none.
  ///   - keyNorm: the same for k.
  ///   - scale: what scores are multiplied by; nil for 1/√d.
  ///   - window: the number of positions that a query sees, its own included; nil for all.
  public init(
    _ projections: Projections, output: String, hidden: Int, heads: HeadShape,
    hasOutputBias: Bool, rotary: RotaryConfiguration, queryNorm: NormDeclaration? = nil,
    keyNorm: NormDeclaration? = nil, scale: Float? = nil, window: Int? = nil
  ) {
    self.projections = projections
    self.output = Slot(
      output, rows: hidden, columns: heads.count * heads.dimension, hasBias: hasOutputBias,
      absorber: projections.valueAbsorber(heads), headWidth: heads.dimension)
    self.heads = heads
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
    self.rotary = rotary
    self.scale = scale ?? 1 / Float(heads.dimension).squareRoot()
    self.window = window
  }

  /// Two stages: q, k and v; then o.
  public func stages(reading norm: NormDeclaration?) -> [Stage] {
    [Stage([projections.slots.map { $0.reading(norm) }]), Stage([[output]])]
  }

  /// The norms of queries and keys.
  public var norms: [NormDeclaration] { [queryNorm, keyNorm].compactMap(\.self) }

  /// The normalized input x; then the context.
  public func inputs(of stage: Int, _ x: () -> Matrix, _ held: HeldState) -> [Matrix] {
    stage == 0 ? [x()] : held.matrices
  }

  /// Computes the context from q, k and v; then takes the output of o.
  public func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ held: inout HeldState,
    _ weights: BlockWeights
  ) {
    guard stage == 0 else {
      held.matrices = outputs[0]
      return
    }
    var parts = projections.split(outputs[0])
    // Nobody else holds the parts now, so that heads turn in place.
    outputs = []
    let value = parts.removeLast()
    var key = weights.normalize(parts.removeLast(), keyNorm)
    var query = weights.normalize(parts.removeLast(), queryNorm)
    let embedding = RotaryEmbedding(rotary, length: query.rows)
    embedding.rotate(&query, headDimension: heads.dimension)
    embedding.rotate(&key, headDimension: heads.dimension)
    held.matrices = [attend(query, key, value)]
  }

  /// softmax(scale · q kᵀ) v for each head, `[tokens, heads · d]`.
  ///
  /// Queries are processed in blocks, and each block meets only the keys that its rows can see, so
  /// the whole matrix of scores never exists.
  private func attend(_ query: Matrix, _ key: Matrix, _ value: Matrix) -> Matrix {
    var context = Matrix(rows: query.rows, columns: query.columns)
    let d = heads.dimension
    context.parallelRowBlocks(of: 128) { rows, block in
      let keys = max(0, rows.lowerBound + 1 - (window ?? rows.upperBound))..<rows.upperBound
      for head in 0..<heads.count {
        let columns = head * d..<(head + 1) * d
        let shared = heads.shared(head) * d..<(heads.shared(head) + 1) * d
        var scores = Matrix(rows: rows.count, columns: keys.count)
        var view = scores.mutableView
        BLAS.gemm(
          scale, query.view(rows: rows, columns: columns),
          key.view(rows: keys, columns: shared).transposed, 0, into: &view)
        for (i, row) in rows.enumerated() {
          softmaxVisible(&scores, i, row: row, keys: keys)
        }
        var target = block.mutableView(rows: 0..<rows.count, columns: columns)
        BLAS.gemm(
          1, scores.view, value.view(rows: keys, columns: shared), 0, into: &target)
      }
    }
    return context
  }

  /// Softmax over the keys that a position sees; all other weights become zero.
  private func softmaxVisible(_ scores: inout Matrix, _ i: Int, row: Int, keys: Range<Int>) {
    let first = max(keys.lowerBound, row + 1 - (window ?? row + 1)) - keys.lowerBound
    let end = row + 1 - keys.lowerBound
    var weights = scores.mutableRow(i)
    for j in 0..<first { weights[j] = 0 }
    for j in end..<weights.count { weights[j] = 0 }
    var visible = weights._mutatingExtracting(first..<end)
    VectorMath.softmax(&visible)
  }
}
