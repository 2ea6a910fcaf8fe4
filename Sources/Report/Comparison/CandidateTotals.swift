internal import Solvers
internal import Studies

/// One candidate over all its Linears; nil where a Linear lacks the figure.
///
/// Relative errors are plain means over Linears, large ones counting no more than small ones; so a
/// Linear with a large error dominates, and the mean rank beside them tells who is better on most.
/// What is counted in weights (bits, squared error, clipped share) is a mean over weights.
struct CandidateTotals: Sendable {
  let bitsPerWeight, weightMSE, clippedShare: Double?
  let calibration, heldOut, activation: Double?
  /// The mean of the decibels: those of the geometric mean of the weight errors.
  let decibels: Double?
  /// The worst output of all Linears.
  let worstRow: Double?
  /// The share of input channels kept in 16 bit, and of the error that they carried.
  let keptChannels, keptError: Double?
  /// The time of all solves.
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
    // Where inputs are not rounded, nothing is lost by it.
    let isRounding = linears.contains { $0.error.activation != nil }
    activation = isRounding ? linears.map { $0.error.activation ?? 0 }.mean : nil
    decibels = linears.map(\.error.decibels).mean
    worstRow = linears.map(\.error.worstRow).complete?.max()
    keptChannels = linears.map(\.outliers?.shareOfChannels).complete?.mean
    keptError = linears.map(\.outliers?.shareOfError).complete?.mean
    seconds = linears.map(\.seconds).reduce(0, +)
  }
}
