public import Hessian
public import Quantizer

/// How the inputs of Linears will be rounded, and how a static range is found.
public struct ActivationRule: Sendable, Hashable {
  /// What an engine does with the inputs.
  public let scheme: ActivationScheme

  /// A rule.
  public init(_ scheme: ActivationScheme) { self.scheme = scheme }

  /// What rounds the inputs whose statistics are given.
  public func quantizer(for statistics: InputStatistics) -> ActivationQuantizer {
    switch scheme.granularity {
    case .token: return .token(symmetric: scheme.isSymmetric)
    case .tensor:
      let largest = statistics.maxAbsolutes.max() ?? 0
      return .tensor(
        ActivationGrid(covering: -largest...largest, symmetric: scheme.isSymmetric),
        symmetric: scheme.isSymmetric)
    }
  }
}
