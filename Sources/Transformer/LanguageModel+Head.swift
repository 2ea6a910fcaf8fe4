public import Checkpoint
internal import Glibc
public import LinearAlgebra

extension LanguageModel {
  /// The logits for hidden states after the last block: `[tokens, vocabulary]`.
  ///
  /// - Throws: ``CheckpointError`` when the final norm or the head cannot be read.
  /// - Complexity: 2·tokens·vocabulary·hidden flops.
  public func logits(_ hidden: Matrix) throws(CheckpointError) -> Matrix {
    let normalized = try finalNorm(hidden)
    var result = Matrix(rows: hidden.rows, columns: declaration.vocabularySize)
    try forEachSlab { slab, weights in
      var view = result.mutableView(rows: 0..<hidden.rows, columns: slab)
      ProductFactor(weights, on: engine).multiply(normalized.view, into: &view)
    }
    finish(&result, 0..<declaration.vocabularySize, bias: try headBias())
    return result
  }

  /// The log-probability of a target after each row: `ln softmax(logits)[target]`.
  ///
  /// The vocabulary is processed in slabs, whose `ln Σ exp` are merged, so no complete row of
  /// logits is ever in memory.
  ///
  /// - Precondition: one target for each row, inside the vocabulary.
  /// - Throws: ``CheckpointError`` when the final norm or the head cannot be read.
  /// - Complexity: 2·rows·vocabulary·hidden flops.
  public func logProbabilities(
    of targets: [Int32], after hidden: Matrix
  ) throws(CheckpointError) -> [Double] {
    precondition(targets.count == hidden.rows, "\(targets.count) targets, \(hidden.rows) rows")
    let normalized = try finalNorm(hidden)
    var targetLogits = [Double](repeating: 0, count: targets.count)
    var totals = [Double](repeating: -.infinity, count: targets.count)
    let bias = try headBias()
    try forEachSlab { slab, weights in
      let parts = slabResults(normalized, weights, bias, slab, targets)
      for (row, part) in parts.enumerated() {
        totals[row] = logSumExp(totals[row], part.logSumExp)
        if let logit = part.targetLogit { targetLogits[row] = Double(logit) }
      }
    }
    return zip(targetLogits, totals).map { $0 - $1 }
  }

  /// For each row, ln Σ exp of its logits in a slab, and the target's logit if it is there.
  private func slabResults(
    _ normalized: Matrix, _ weights: Matrix, _ bias: [Float]?, _ slab: Range<Int>,
    _ targets: [Int32]
  ) -> [(logSumExp: Double, targetLogit: Float?)] {
    // A block of 128 × 8192 logits stays near the cache.
    let size = 128
    let head = ProductFactor(weights, on: engine)
    return Threads.map((normalized.rows + size - 1) / size) { chunk in
      let rows = chunk * size..<min(normalized.rows, (chunk + 1) * size)
      var logits = Matrix(rows: rows.count, columns: weights.rows)
      var view = logits.mutableView
      head.multiply(
        normalized.view(rows: rows, columns: 0..<normalized.columns), into: &view)
      finish(&logits, slab, bias: bias)
      return rows.map { row in
        let column = Int(targets[row]) - slab.lowerBound
        let logit =
          slab.contains(Int(targets[row]))
          ? logits[row - rows.lowerBound, column] : nil
        var values = logits.mutableRow(row - rows.lowerBound)
        return (VectorMath.logSumExp(&values), logit)
      }
    }.flatMap(\.self)
  }

  /// Adds the head's bias to logits of a slab of the vocabulary, and applies the model's rule.
  func finish(_ logits: inout Matrix, _ slab: Range<Int>, bias: [Float]?) {
    let rule = declaration.logits
    guard rule != LogitRule() || bias != nil else { return }
    for i in 0..<logits.rows {
      var row = logits.mutableRow(i)
      if let bias { for j in row.indices { row[j] += bias[slab.lowerBound + j] } }
      for j in row.indices { row[j] *= rule.multiplier }
      if let cap = rule.cap { VectorMath.softCap(&row, at: cap) }
    }
  }

  /// The bias of the head; nil for none.
  func headBias() throws(CheckpointError) -> [Float]? {
    guard declaration.hasHeadBias else { return nil }
    return try folder.floats(
      "\(declaration.headModule).bias", dimensions: [declaration.vocabularySize])
  }

  /// Calls a closure with each slab of the head's rows.
  private func forEachSlab(
    _ body: (Range<Int>, Matrix) -> Void
  ) throws(CheckpointError) {
    let head = try head()
    for rows in slabs { body(rows, try head.rows(rows)) }
  }

  /// Applies the final norm to hidden states.
  package func finalNorm(_ hidden: Matrix) throws(CheckpointError) -> Matrix {
    try finalNorm()(hidden)
  }

  /// The parts of the vocabulary that are processed one at a time.
  var slabs: [Range<Int>] {
    let vocabulary = declaration.vocabularySize
    return stride(from: 0, to: vocabulary, by: SlabMatrix.slabRows).map {
      $0..<min(vocabulary, $0 + SlabMatrix.slabRows)
    }
  }
}

/// ln(eᵃ + eᵇ), without overflow.
func logSumExp(_ a: Double, _ b: Double) -> Double {
  let (low, high) = (min(a, b), max(a, b))
  return high == -.infinity ? high : high + log1p(exp(low - high))
}
