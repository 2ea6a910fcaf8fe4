public import Hessian
public import Quantizer

/// How the inputs of Linears are rounded, and how a static range is chosen.
public struct ActivationRule: Sendable, Hashable {
  /// What an engine does with the inputs.
  public let scheme: ActivationScheme
  /// What chooses the range of a static quantizer.
  public let observer: Observer

  /// A rule with a scheme and an observer.
  public init(_ scheme: ActivationScheme, observer: Observer = .minMax) {
    self.scheme = scheme
    self.observer = observer
  }

  /// Whether the observer needs histograms of the inputs.
  public var needsHistogram: Bool { scheme.isCalibrated && observer.needsHistogram }

  /// The quantizer for inputs of given ranges.
  public func quantizer(for ranges: ChannelRanges) -> ActivationQuantizer {
    guard scheme.isCalibrated else { return ActivationQuantizer(scheme) }
    let range = observer.range(of: ranges, bits: scheme.bits, symmetric: scheme.isSymmetric)
    if scheme.number == .nvfp4 { return .nvfp4(covering: range) }
    return ActivationQuantizer(scheme, grid: ActivationGrid(covering: range, scheme))
  }
}
