public import Checkpoint
public import LinearAlgebra

/// The predictions of two models for one next token.
public struct PredictionComparison: Sendable, Equatable {
  /// The natural logarithm of the model's probability for the actual next token.
  public let logProbability: Double
  /// The same for the reference.
  public let referenceLogProbability: Double
  /// Σ p ln(p / q) over the vocabulary, in nats; p is the reference's softmax, q the model's.
  public let klDivergence: Double
  /// Whether both have the same most probable token; among equal ones the first counts.
  public let agrees: Bool
}

extension LanguageModel {
  /// Compares the predictions of this model with those of a reference.
  ///
  /// The vocabulary is processed in slabs, as in ``logProbabilities(of:after:)``, for both heads at
  /// the same time, so no complete row of logits is ever in memory.
  ///
  /// - Precondition: both vocabularies have the same size; both models have one row for each
  ///   target, and every target is inside the vocabulary.
  /// - Parameters:
  ///   - targets: the actual next tokens.
  ///   - hidden: this model's hidden states after the last block: `[targets, hidden]`.
  ///   - reference: the other model, whose width may differ.
  ///   - referenceHidden: the reference's hidden states after its last block.
  /// - Returns: a comparison for each target.
  /// - Throws: ``CheckpointError`` when a final norm or a head cannot be read.
  public func comparisons(
    of targets: [Int32], after hidden: Matrix, with reference: LanguageModel,
    after referenceHidden: Matrix
  ) throws(CheckpointError) -> [PredictionComparison] {
    precondition(
      targets.count == hidden.rows && targets.count == referenceHidden.rows,
      "\(targets.count) targets, \(hidden.rows) and \(referenceHidden.rows) rows")
    precondition(
      declaration.vocabularySize == reference.declaration.vocabularySize,
      "\(declaration.vocabularySize) and \(reference.declaration.vocabularySize) tokens")
    let states = try finalNorm(hidden)
    let referenceStates = try reference.finalNorm(referenceHidden)
    let (head, referenceHead) = (try head(), try reference.head())
    let (bias, referenceBias) = (try headBias(), try reference.headBias())
    var totals = [PartialComparison](repeating: PartialComparison(), count: targets.count)
    for slab in slabs {
      let rows = ProductFactor(try head.rows(slab), on: engine)
      let referenceRows = ProductFactor(try referenceHead.rows(slab), on: reference.engine)
      let parts = slabComparisons(slab, targets) { tokens in
        (
          logits(tokens, states, rows, slab, bias),
          reference.logits(tokens, referenceStates, referenceRows, slab, referenceBias)
        )
      }
      for (row, part) in parts.enumerated() { totals[row].merge(part) }
    }
    return totals.map(PredictionComparison.init)
  }

  /// The comparison of every row over one slab of the vocabulary, given the logits of some rows.
  private func slabComparisons(
    _ slab: Range<Int>, _ targets: [Int32],
    _ logits: @Sendable (Range<Int>) -> (Matrix, reference: Matrix)
  ) -> [PartialComparison] {
    // Two blocks of 64 × 8192 logits stay near the cache.
    let size = 64
    return Threads.map((targets.count + size - 1) / size) { chunk in
      let rows = chunk * size..<min(targets.count, (chunk + 1) * size)
      let (own, reference) = logits(rows)
      return rows.map { row in
        let i = row - rows.lowerBound
        return PartialComparison(own.row(i), reference.row(i), slab, target: Int(targets[row]))
      }
    }.flatMap(\.self)
  }

  /// The logits of some rows in a slab of the vocabulary.
  private func logits(
    _ rows: Range<Int>, _ states: Matrix, _ head: ProductFactor, _ slab: Range<Int>,
    _ bias: [Float]?
  ) -> Matrix {
    var result = Matrix(rows: rows.count, columns: slab.count)
    var view = result.mutableView
    head.multiply(states.view(rows: rows, columns: 0..<states.columns), into: &view)
    finish(&result, slab, bias: bias)
    return result
  }
}

extension PredictionComparison {
  fileprivate init(_ whole: PartialComparison) {
    logProbability = whole.model.logProbability
    referenceLogProbability = whole.reference.logProbability
    klDivergence = whole.klDivergence
    agrees = whole.model.top.token == whole.reference.top.token
  }
}
