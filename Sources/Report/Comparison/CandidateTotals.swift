internal import Solvers
internal import Studies

/// The totals of one candidate over all its Linears; nil if any Linear lacks the value.
///
/// Relative errors are plain means over Linears of any size. A single Linear with a large error can
/// dominate such a mean; the mean rank beside it shows which candidate is better on most Linears.
/// Quantities per weight (bits, squared error, clipped share) are means over weights.
struct CandidateTotals: Sendable {
  let bitsPerWeight, weightMSE, clippedShare: Double?
  let calibration, heldOut, activation: Double?
  /// The mean in decibels, which corresponds to the geometric mean of the weight errors.
  let decibels: Double?
  /// The error of the worst output of all Linears.
  let worstRow: Double?
  /// The shares of input channels kept in 16 bits, and of the error that they carried.
  let keptChannels, keptError: Double?
  /// The mean distance from the limit in bits, without and with those of scales.
  let gap, totalGap: Double?
  /// The time of all solves together.
  let seconds: Double

  init(_ candidate: ComparisonReport.Candidate) {
    let linears = candidate.linears
    let weights = linears.map { Double($0.rows) * Double($0.columns) }
    let count = weights.reduce(0, +)
    func perWeight(_ value: (LinearComparison) -> Double) -> Double? {
      count > 0 ? zip(linears, weights).reduce(0) { $0 + value($1.0) * $1.1 } / count : nil
    }
    bitsPerWeight = perWeight(\.bitsPerWeight)
    weightMSE = perWeight(\.weightMSE)
    clippedShare = perWeight(\.clippedShare)
    calibration = linears.map(\.error.calibration).complete?.mean
    heldOut = linears.map(\.error.heldOut).complete?.mean
    // A Linear whose inputs are not rounded loses nothing by rounding them.
    let isRounding = linears.contains { $0.error.activation != nil }
    activation = isRounding ? linears.map { $0.error.activation ?? 0 }.mean : nil
    decibels = linears.map(\.error.decibels).mean
    worstRow = linears.map(\.error.worstRow).complete?.max()
    keptChannels = linears.map(\.outliers?.shareOfChannels).complete?.mean
    keptError = linears.map(\.outliers?.shareOfError).complete?.mean
    gap = linears.map(\.gap?.gap).complete?.mean
    totalGap = linears.map(\.gap?.total).complete?.mean
    seconds = linears.map(\.seconds).reduce(0, +)
  }
}
