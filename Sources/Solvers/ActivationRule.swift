public import Hessian
public import Quantizer

/// How the inputs of Linears will be rounded, and how a static range is found.
public struct ActivationRule: Sendable, Hashable {
  /// What an engine does with the inputs.
  public let scheme: ActivationScheme
  /// What chooses the range of a static quantizer.
  public let observer: Observer

  /// A rule.
  public init(_ scheme: ActivationScheme, observer: Observer = .minMax) {
    self.scheme = scheme
    self.observer = observer
  }

  /// Whether statistics must collect histograms for it.
  public var needsHistogram: Bool { scheme.granularity == .tensor && observer.needsHistogram }

  /// What rounds the inputs whose ranges are given.
  public func quantizer(for ranges: ChannelRanges) -> ActivationQuantizer {
    let isSymmetric = scheme.isSymmetric
    switch scheme.granularity {
    case .token: return .token(symmetric: isSymmetric)
    case .tensor:
      let range = observer.range(of: ranges, bits: ActivationScheme.bits, symmetric: isSymmetric)
      return .tensor(
        ActivationGrid(covering: range, symmetric: isSymmetric), symmetric: isSymmetric)
    }
  }
}
