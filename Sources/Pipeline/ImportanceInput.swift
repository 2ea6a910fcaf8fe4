internal import Checkpoint
internal import Formats
internal import Hessian
internal import Quantizer
internal import Solvers
internal import Transformer

// Importances in the place of a calibration text: H = diag(E[x²]).

extension GGUFImportance {
  /// What is known of the input that some Linears read; nil where it has nothing about any of them, as they stay
  /// dense.
  func input(of readers: [Slot]) throws(CheckpointError) -> CalibratedInput? {
    for slot in readers where !slot.staysDense {
      guard let entry = try? entry(of: slot.shape) else { continue }
      do throws(SecondMomentError) {
        return CalibratedInput(
          calibration: try InputStatistics(
            meanSquares: entry.meanSquares, tokenCount: max(1, entry.tokens)))
      } catch {
        throw .tensor(name: slot.name, path: path, reason: "\(error)")
      }
    }
    return nil
  }
}

extension QuantizationSettings {
  /// Whether mean squares are all that is needed of the inputs.
  var needsOnlyMeanSquares: Bool {
    method.transform == nil && !method.rotates && !method.keepsOutliers
      && activationScheme?.isCalibrated != true
      && method.rounding.make(options).neededParts.isEmpty
  }
}
