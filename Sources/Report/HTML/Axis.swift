internal import Foundation

/// A scale from values to shares of a length, with ticks at round values.
struct Axis: Sendable {
  enum Scale: Sendable {
    case linear
    /// Linear, with ticks at integers only.
    case integer
    case logarithmic
  }

  let scale: Scale
  /// The ends, as logarithms if the scale is logarithmic.
  private let low, high: Double

  /// A scale over those values that it can show, with a margin; nil if it can show none.
  init?(_ scale: Scale, covering values: some Sequence<Double>) {
    let shown = values.compactMap { Self.coordinate($0, scale) }
    guard let least = shown.min(), let most = shown.max(), (most - least).isFinite else {
      return nil
    }
    // A single value gets room on both sides: half an integer, a factor of two, a tenth of itself.
    let single =
      switch scale {
      case .integer: 0.5
      case .logarithmic: log10(2.0)
      case .linear: max(abs(least) / 10, 1e-9)
      }
    let margin = least == most ? single : (most - least) * 0.05
    self.scale = scale
    (low, high) = (least - margin, most + margin)
  }

  /// Where a value lies between the ends, 0 to 1; nil if the scale cannot show it.
  func share(_ value: Double) -> Double? {
    Self.coordinate(value, scale).map { ($0 - low) / (high - low) }
  }

  private static func coordinate(_ value: Double, _ scale: Scale) -> Double? {
    let coordinate = scale == .logarithmic ? (value > 0 ? log10(value) : .nan) : value
    return coordinate.isFinite ? coordinate : nil
  }

  /// Round values between the ends, about five to ten.
  ///
  /// Ticks of a logarithmic scale are evenly spaced in less than a decade, 1, 2 and 5 of every decade
  /// in up to three decades, and powers of ten, or only some of those, in more than that.
  var ticks: [Double] {
    roundValues.filter { tick in share(tick).map((0...1).contains) ?? false }
  }

  private var roundValues: [Double] {
    guard scale == .logarithmic else { return steps(from: low, to: high) }
    if high - low < 1 { return steps(from: pow(10, low), to: pow(10, high)) }
    let mantissas = high - low <= 3 ? [1.0, 2, 5] : [1.0]
    let stride = max(1, Int(((high - low) / 6).rounded(.up)))
    let decades = Int(low.rounded(.down))...Int(high.rounded(.up))
    return decades.filter { mantissas.count > 1 || $0.isMultiple(of: stride) }
      .flatMap { decade in mantissas.map { $0 * pow(10, Double(decade)) } }
  }

  /// Multiples of 1, 2 or 5 times a power of ten, at most six.
  private func steps(from low: Double, to high: Double) -> [Double] {
    let least = (high - low) / 5
    let power = pow(10, log10(least).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= least } ?? 10 * power
    let whole = scale == .integer ? max(1, step.rounded(.up)) : step
    let first = (low / whole).rounded(.up)
    return (0...6).map { (first + Double($0)) * whole }
  }
}
