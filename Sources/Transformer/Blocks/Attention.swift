internal import Glibc
public import LinearAlgebra

/// Causal grouped-query attention, usually with rotary positions.
public struct Attention: Mixer {
  private let projections: Projections
  private let output: Slot
  private let heads: HeadShape
  private let scores: Scores
  private let rotary: RotaryConfiguration?
  private let queryNorm: NormDeclaration?
  private let keyNorm: NormDeclaration?
  private let normalizesRotated: Bool
  private let gate: Slot?

  /// How scores are computed from queries and keys.
  public struct Scores: Sendable {
    /// What products of queries and keys are multiplied by; nil for 1/√d.
    public var scale: Float?
    /// The number of positions that a query sees, its own included; nil for all.
    public var window: Int?
    /// c of the soft cap `c · tanh(score / c)`; nil for none.
    public var cap: Float?
    /// The largest magnitude of a channel of q, k and v, which are cut off beyond it; nil for none.
    public var clip: Float?
    /// How much queries grow with their position; nil for not at all.
    public var growth: QueryGrowth?
    /// The slopes of the heads; nil for none.
    public var slopes: Slopes?

    /// Plain scores.
    public init(
      scale: Float? = nil, window: Int? = nil, cap: Float? = nil, clip: Float? = nil,
      growth: QueryGrowth? = nil, slopes: Slopes? = nil
    ) {
      self.scale = scale
      self.window = window
      self.cap = cap
      self.clip = clip
      self.growth = growth
      self.slopes = slopes
    }
  }

  /// Attention with given parts.
  ///
  /// - Parameters:
  ///   - projections: the Linears that make q, k and v.
  ///   - output: the key of the Linear that writes to the residual stream.
  ///   - hidden: the width of the residual stream.
  ///   - heads: the number of heads and their width d.
  ///   - hasOutputBias: whether that Linear has a bias.
  ///   - rotary: the angles of the rotary positions; nil for none.
  ///   - queryNorm: the norm of the queries; nil for none.
  ///   - keyNorm: the same for k.
  ///   - normalizesRotated: whether these norms come after the rotation.
  ///   - gate: the key of a Linear whose sigmoid multiplies the context; nil for none.
  ///   - isTransposed: whether that Linear's weights are stored as `[in, out]`.
  ///   - scores: how scores are computed.
  public init(
    _ projections: Projections, output: String, hidden: Int, heads: HeadShape,
    hasOutputBias: Bool, rotary: RotaryConfiguration?, queryNorm: NormDeclaration? = nil,
    keyNorm: NormDeclaration? = nil, normalizesRotated: Bool = false, gate: String? = nil,
    isTransposed: Bool = false, scores: Scores = Scores()
  ) {
    self.projections = projections
    // Values that are cut off are not linear in the rows that make them.
    self.output = Slot(
      output, rows: hidden, columns: heads.count * heads.dimension, hasBias: hasOutputBias,
      absorber: scores.clip == nil ? projections.valueAbsorber(heads) : nil,
      headWidth: scores.clip == nil ? heads.dimension : nil, isTransposed: isTransposed)
    self.heads = heads
    self.scores = scores
    self.rotary = rotary
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
    self.normalizesRotated = normalizesRotated
    self.gate = gate.map { Slot($0, rows: heads.count * heads.dimension, columns: hidden) }
  }

  /// Two stages: q, k and v, and a gate; then o.
  public func stages(reading norm: NormDeclaration?) -> [Stage] {
    let inputs = projections.slots + [gate].compactMap(\.self)
    return [Stage([inputs.map { $0.reading(norm) }]), Stage([[output]])]
  }

  /// The norms of queries and keys.
  public var norms: [NormDeclaration] { [queryNorm, keyNorm].compactMap(\.self) }

  /// What the key of the Linear that writes begins with.
  public var cacheModule: String? {
    output.name.lastIndex(of: ".").map { String(output.name[..<$0]) }
  }

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
    let opening = gate == nil ? nil : outputs[0].removeLast()
    var parts = projections.split(outputs[0])
    // Nobody else holds the parts now, so that they are changed in place.
    outputs = []
    var value = parts.removeLast()
    if let clip = scores.clip { value.clip(to: clip) }
    let embedding = rotary.map { RotaryEmbedding.tables($0, length: value.rows) }
    var key = positioned(parts.removeLast(), embedding, keyNorm, weights)
    held.cacheReach = CacheReach(key, value)
    weights.cache?.round(&key, &value)
    var query = positioned(parts.removeLast(), embedding, queryNorm, weights)
    scores.growth?.apply(to: &query)
    var context = attend(query, key, value, on: weights.engine)
    if let opening { context.multiply(bySigmoidOf: opening) }
    held.matrices = [context]
  }

  /// Normalizes and rotates queries or keys, in the order of the model.
  private func positioned(
    _ matrix: consuming Matrix, _ embedding: RotaryEmbedding?, _ norm: NormDeclaration?,
    _ weights: BlockWeights
  ) -> Matrix {
    var result = normalizesRotated ? matrix : weights.normalize(matrix, norm)
    if let clip = scores.clip { result.clip(to: clip) }
    embedding?.rotate(&result, headDimension: heads.dimension)
    return normalizesRotated ? weights.normalize(result, norm) : result
  }

  /// The queries that meet their keys at a time.
  private static let blockRows = 128

  /// softmax(scale · q kᵀ) v for each head, `[tokens, heads · d]`.
  ///
  /// Queries are processed in blocks, and each block meets only the keys that its rows can see, so
  /// the whole matrix of scores never exists.
  private func attend(
    _ query: consuming Matrix, _ key: Matrix, _ value: Matrix, on engine: ProductEngine
  ) -> Matrix {
    var context = Matrix(rows: query.rows, columns: query.columns)
    let d = heads.dimension
    query.multiply(by: scores.scale ?? 1 / Float(d).squareRoot())
    // Rounding does not pay for the few products of a short window.
    let engine = query.rows < Self.blockRows ? .float32 : engine
    let (q, k, v) = (
      EngineMatrix(query, on: engine), EngineMatrix(key, on: engine),
      EngineMatrix(value, on: engine)
    )
    context.parallelRowBlocks(of: Self.blockRows) { rows, block in
      let keys = max(0, rows.lowerBound + 1 - (scores.window ?? rows.upperBound))..<rows.upperBound
      var weights = SoftmaxFactor(rows: rows.count, columns: keys.count, on: engine)
      for head in 0..<heads.count {
        let columns = head * d..<(head + 1) * d
        let shared = heads.shared(head) * d..<(heads.shared(head) + 1) * d
        var view = weights.mutableScores
        q.part(rows: rows, columns: columns)
          .multiply(k.part(rows: keys, columns: shared).transposed, into: &view)
        for (i, row) in rows.enumerated() {
          weigh(&weights, i, head: head, row: row, keys: keys)
        }
        var target = block.mutableView(rows: 0..<rows.count, columns: columns)
        weights.multiply(v.part(rows: keys, columns: shared), into: &target)
      }
    }
    return context
  }

  /// Makes weights of the scores of the keys that a position sees.
  private func weigh(
    _ weights: inout SoftmaxFactor, _ i: Int, head: Int, row: Int, keys: Range<Int>
  ) {
    let first = max(keys.lowerBound, row + 1 - (scores.window ?? row + 1)) - keys.lowerBound
    let end = row + 1 - keys.lowerBound
    if scores.slopes != nil || scores.cap != nil {
      var row = weights.mutableScores(i)
      var visible = row._mutatingExtracting(first..<end)
      scores.slopes?.add(to: &visible, head: head, from: keys.lowerBound + first)
      if let cap = scores.cap { VectorMath.softCap(&visible, at: cap) }
    }
    weights.exponentiate(i, first..<end)
  }
}

extension Matrix {
  /// Cuts every element off at a magnitude.
  fileprivate mutating func clip(to limit: Float) {
    parallelRowBlocks(of: 64) { range, block in
      for i in range.indices {
        var row = block.mutableRow(i - range.lowerBound)
        for j in row.indices { row[j] = min(limit, max(-limit, row[j])) }
      }
    }
  }

  /// Multiplies every element by σ of another.
  fileprivate mutating func multiply(bySigmoidOf other: Matrix) {
    parallelRowBlocks(of: 64) { range, block in
      for i in range {
        let source = other.row(i)
        var row = block.mutableRow(i - range.lowerBound)
        for j in row.indices { row[j] /= 1 + expf(-source[j]) }
      }
    }
  }
}
