internal import Glibc
internal import LinearAlgebra

/// The softmax of one row of logits over the part of the vocabulary processed so far.
struct PartialSoftmax: Sendable {
  /// ln Σ exp of the logits so far.
  var logSumExp = -Double.infinity
  /// The first of the largest logits so far.
  var top = (token: 0, logit: -Float.infinity)
  /// The target's logit, if it has been processed.
  var targetLogit: Float?

  /// The natural logarithm of the target's probability, once the whole vocabulary is processed.
  var logProbability: Double { Double(targetLogit ?? .nan) - logSumExp }

  /// Merges a later part of the vocabulary.
  mutating func merge(_ later: PartialSoftmax) {
    logSumExp = Transformer.logSumExp(logSumExp, later.logSumExp)
    // On a tie the earlier token stays.
    if later.top.logit > top.logit { top = later.top }
    targetLogit = targetLogit ?? later.targetLogit
  }
}

/// Two softmaxes over the same tokens, for the part of the vocabulary processed so far.
///
/// With p the reference's softmax, q the model's, and a and b their logits,
///
///     KL(p ‖ q) = Σ p (ln p − ln q) = Σ p (a − b) − lse a + lse b,
///
/// and the mean of a − b under p can be accumulated part by part, like a logarithm of a sum.
struct PartialComparison: Sendable {
  /// The model's softmax.
  var model = PartialSoftmax()
  /// The reference's softmax.
  var reference = PartialSoftmax()
  /// The mean of the reference's logits minus the model's under the reference's softmax.
  var meanDifference = 0.0

  /// A comparison over no tokens.
  init() {}

  /// The comparison of two rows of logits over one slab.
  ///
  /// - Parameters:
  ///   - logits: the model's.
  ///   - referenceLogits: the reference's.
  ///   - slab: the tokens of the logits.
  ///   - target: the token to be predicted, in the slab or not.
  init(_ logits: Span<Float>, _ referenceLogits: Span<Float>, _ slab: Range<Int>, target: Int) {
    let best = VectorMath.firstMaximum(logits)
    let referenceBest = VectorMath.firstMaximum(referenceLogits)
    let sums = VectorMath.divergenceSums(
      referenceLogits, minus: referenceBest.value, logits, minus: best.value)
    let place = slab.contains(target) ? target - slab.lowerBound : nil
    model = PartialSoftmax(
      logSumExp: Double(best.value) + log(sums.b),
      top: (slab.lowerBound + best.index, best.value), targetLogit: place.map { logits[$0] })
    reference = PartialSoftmax(
      logSumExp: Double(referenceBest.value) + log(sums.a),
      top: (slab.lowerBound + referenceBest.index, referenceBest.value),
      targetLogit: place.map { referenceLogits[$0] })
    meanDifference =
      sums.difference / sums.a + Double(referenceBest.value) - Double(best.value)
  }

  /// KL(reference ‖ model) in nats, once the whole vocabulary is processed.
  ///
  /// It is never negative, except for rounding.
  var klDivergence: Double { meanDifference - reference.logSumExp + model.logSumExp }

  /// Merges a later part of the vocabulary.
  mutating func merge(_ later: PartialComparison) {
    let total = logSumExp(reference.logSumExp, later.reference.logSumExp)
    meanDifference =
      meanDifference * exp(reference.logSumExp - total)
      + later.meanDifference * exp(later.reference.logSumExp - total)
    model.merge(later.model)
    reference.merge(later.reference)
  }
}
