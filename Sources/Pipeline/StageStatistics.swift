internal import Hessian
internal import LinearAlgebra
internal import Solvers

/// The statistics of one stage's input, over the calibration windows and over the held-out ones.
struct StageStatistics {
  private var calibration: InputStatistics
  private var heldOut: InputStatistics
  private let calibrationCount: Int

  /// Statistics of nothing yet; the windows from `calibrationCount` on are held out.
  init(channels: Int, calibrationCount: Int, collectsHistogram: Bool) {
    calibration = InputStatistics(
      channels: channels, collecting: [collectsHistogram ? .histograms : .ranges, .sample])
    heldOut = InputStatistics(channels: channels, collecting: .sample)
    self.calibrationCount = calibrationCount
  }

  /// Adds the input of a window.
  mutating func add(_ input: Matrix, window: Int) {
    if window < calibrationCount { calibration.add(input) } else { heldOut.add(input) }
  }

  /// What solvers get to know.
  var input: LayerInput {
    LayerInput(calibration: calibration, heldOut: heldOut.tokenCount > 0 ? heldOut : nil)
  }
}
