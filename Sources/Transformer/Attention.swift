internal import LinearAlgebra

/// Grouped-query attention with rotary positions, causal, perhaps within a sliding window.
struct Attention: Sublayer {
  /// q, k and v.
  var inputLinears: [Linear]
  var outputLinear: Linear
  var norm: RMSNorm
  let queryNorm: RMSNorm?
  let keyNorm: RMSNorm?
  let rotary: RotaryConfiguration
  let headCount: Int
  let keyValueHeadCount: Int
  let headDimension: Int
  let window: Int?

  /// v: attention averages values, whatever their size.
  var producer: Int { 2 }

  /// Query heads that share a key-value head read the same output of v.
  var producerRows: [Int] {
    let share = headCount / keyValueHeadCount
    return (0..<headCount * headDimension).map { channel in
      let (head, offset) = channel.quotientAndRemainder(dividingBy: headDimension)
      return head / share * headDimension + offset
    }
  }

  func input(_ hidden: Matrix) -> Matrix { norm(hidden) }

  func inner(_ input: Matrix) -> Matrix {
    var (query, key) = (inputLinears[0](input), inputLinears[1](input))
    let value = inputLinears[2](input)
    if let queryNorm, let keyNorm { (query, key) = (queryNorm(query), keyNorm(key)) }
    let embedding = RotaryEmbedding(rotary, length: input.rows)
    embedding.rotate(&query)
    embedding.rotate(&key)
    return attend(query, key, value)
  }

  /// softmax(q kᵀ / √d) v for each head, `[tokens, heads · d]`.
  ///
  /// Queries go in blocks, and each block only meets the keys that its rows can see, so the matrix
  /// of scores never exists as a whole.
  private func attend(_ query: Matrix, _ key: Matrix, _ value: Matrix) -> Matrix {
    var context = Matrix(rows: query.rows, columns: query.columns)
    let share = headCount / keyValueHeadCount
    let scale = 1 / Float(headDimension).squareRoot()
    context.parallelRowBlocks(of: 128) { rows, block in
      let keys = max(0, rows.lowerBound + 1 - (window ?? rows.upperBound))..<rows.upperBound
      for head in 0..<headCount {
        let columns = head * headDimension..<(head + 1) * headDimension
        let shared = head / share * headDimension..<(head / share + 1) * headDimension
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

  /// Softmax over the keys that a position sees; the weights of all others become zero.
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
