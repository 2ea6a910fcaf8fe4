internal import JSON
internal import Pipeline

/// A mean over the predictions of windows, and how far chance may have moved it.
///
/// Predictions inside one window share their context and are correlated, so they are not
/// independent samples; windows nearly are. With n windows of equal length and the mean m_w of
/// window w,
///
///     value = Σ m_w / n,      standard error = √(Σ (m_w − value)² / (n − 1)) / √n,
///
/// the cluster standard error with windows as clusters. Windows cut from one document may still be
/// alike; the error covers neither that nor other texts.
public struct Estimate: Sendable, Equatable {
  /// The fewest windows for a standard error; with fewer, it would be too uncertain.
  public static let fewestWindows = 8

  /// The mean.
  public let value: Double
  /// The standard error of the mean; nil with fewer than ``fewestWindows`` windows.
  public let standardError: Double?

  /// The estimate from the mean of each window.
  init(windowMeans means: [Double]) {
    let count = Double(means.count)
    let value = means.reduce(0, +) / count
    let squares = means.reduce(0) { $0 + ($1 - value) * ($1 - value) }
    self.value = value
    standardError =
      means.count < Self.fewestWindows ? nil : (squares / (count - 1) / count).squareRoot()
  }

  /// The estimate as members of a JSON object.
  func members(_ name: String) -> [(String, JSONValue)] {
    [
      (name, .finite(value)),
      ("\(name)_standard_error", standardError.map(JSONValue.finite) ?? .null),
    ]
  }
}
