public import Checkpoint
internal import Glibc
public import LinearAlgebra

extension LanguageModel {
  /// Rows of the vocabulary that are decoded and multiplied at a time.
  private static var slabRows: Int { 8192 }

  /// The logits of hidden states that left the last block: `[tokens, vocabulary]`.
  ///
  /// - Throws: ``CheckpointError`` when the final norm or the head cannot be read.
  public func logits(_ hidden: Matrix) throws(CheckpointError) -> Matrix {
    let vocabulary = configuration.vocabularySize
    let normalized = try norm("model.norm")(hidden)
    var result = Matrix(rows: hidden.rows, columns: vocabulary)
    try forEachSlab { slab, weights in
      var view = result.mutableView(rows: 0..<hidden.rows, columns: slab)
      BLAS.gemm(1, normalized.view, weights.view.transposed, 0, into: &view)
    }
    return result
  }

  /// The log-probability of a target after each row: `ln softmax(logits)[target]`.
  ///
  /// The vocabulary goes by in slabs, whose `ln Σ exp` are merged, so no row of logits is ever
  /// whole in memory.
  ///
  /// - Precondition: one target for each row, inside the vocabulary.
  /// - Throws: ``CheckpointError`` when the final norm or the head cannot be read.
  public func logProbabilities(
    of targets: [Int32], after hidden: Matrix
  ) throws(CheckpointError) -> [Double] {
    precondition(targets.count == hidden.rows, "\(targets.count) targets, \(hidden.rows) rows")
    let normalized = try norm("model.norm")(hidden)
    var targetLogits = [Double](repeating: 0, count: targets.count)
    var totals = [Double](repeating: -.infinity, count: targets.count)
    try forEachSlab { slab, weights in
      // Tokens go in chunks as well: logits of 512 × 8192 stay near the cache.
      for start in stride(from: 0, to: hidden.rows, by: 512) {
        let rows = start..<min(hidden.rows, start + 512)
        let logits = BLAS.product(
          normalized.view(rows: rows, columns: 0..<hidden.columns), weights.view.transposed)
        for row in rows where slab.contains(Int(targets[row])) {
          targetLogits[row] = Double(
            logits[row - start, Int(targets[row]) - slab.lowerBound])
        }
        for (row, part) in zip(rows, logits.rowwiseLogSumExp()) {
          totals[row] = logSumExp(totals[row], part)
        }
      }
    }
    return zip(targetLogits, totals).map { $0 - $1 }
  }

  /// Calls a closure with each slab of the head's rows.
  private func forEachSlab(
    _ body: (Range<Int>, Matrix) -> Void
  ) throws(CheckpointError) {
    let vocabulary = configuration.vocabularySize
    let name = configuration.hasTiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"
    let head = try SlabMatrix(
      folder, name, rows: vocabulary, columns: configuration.hiddenSize)
    for start in stride(from: 0, to: vocabulary, by: Self.slabRows) {
      let rows = start..<min(vocabulary, start + Self.slabRows)
      body(rows, try head.rows(rows))
    }
  }
}

/// ln(eᵃ + eᵇ), without overflow.
private func logSumExp(_ a: Double, _ b: Double) -> Double {
  let (low, high) = (min(a, b), max(a, b))
  return high == -.infinity ? high : high + log1p(exp(low - high))
}

extension Matrix {
  /// ln Σ exp of each row.
  fileprivate func rowwiseLogSumExp() -> [Double] {
    let size = 16
    return Threads.map((rows + size - 1) / size) { block in
      (block * size..<min(rows, (block + 1) * size)).map { row in
        var values = Array(elements[row * columns..<(row + 1) * columns])
        var span = values.mutableSpan
        return VectorMath.logSumExp(&span)
      }
    }.flatMap(\.self)
  }
}
