// The comparison of two rows of logits by its definition, in double precision, with every
// probability written down.

internal import Glibc

/// What two rows of logits say of a target: p is the reference's softmax, q the model's.
package struct TextbookDivergence: Sendable, Equatable {
  /// ln q of the target.
  package let logProbability: Double
  /// ln p of the target.
  package let referenceLogProbability: Double
  /// Σ p ln(p / q).
  package let klDivergence: Double
  /// Whether the first largest elements stand at the same place.
  package let agrees: Bool

  /// Compares the logits of a model with those of a reference.
  package init(_ logits: ArraySlice<Float>, _ reference: ArraySlice<Float>, target: Int) {
    let (q, p) = (Self.logSoftmax(logits), Self.logSoftmax(reference))
    logProbability = q[target]
    referenceLogProbability = p[target]
    klDivergence = zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
    agrees = p.firstIndex(of: p.max() ?? 0) == q.firstIndex(of: q.max() ?? 0)
  }

  private static func logSoftmax(_ logits: ArraySlice<Float>) -> [Double] {
    let values = logits.map(Double.init)
    let top = values.max() ?? 0
    let total = top + log(values.reduce(0) { $0 + exp($1 - top) })
    return values.map { $0 - total }
  }
}
