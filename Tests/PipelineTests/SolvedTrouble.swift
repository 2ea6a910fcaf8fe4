import Formats
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing

/// Compares what a solver says of a problem with the definitions in doubles.
enum SolvedTrouble {
  /// Solves a problem: the solution must be finite and its errors true, or the error name the Linear.
  static func check(
    _ trouble: NumberTrouble, _ settings: QuantizationSettings, _ recipe: Recipe
  ) throws {
    let label: Comment =
      "\(settings.label) \(settings.range.rawValue) \(settings.format.name) \(recipe.gridRule.scaleFormat)"
    let solution: StageSolution
    do throws(StageError) {
      solution = try StageSession(trouble.stage(recipe.neededParts)).solve(
        recipe, measuringRows: true)
    } catch {
      #expect(error.linear == "a.linear", label)
      if case .noSlices = error.cause {
        // Codes of some schemes have no upper bits that are codes, whatever the numbers are.
        #expect(
          recipe.scheme.points != .symmetric || recipe.scheme.bits % 2 != 0
            || recipe.scheme.bits == 2, label)
        return
      }
      let place = error.description.firstMatch(of: /row \d+|channel \d+/)
      #expect(place != nil, "\(label): \(error)")
      return
    }
    let found = solution.linears[0]
    let weights = solution.unscaledWeights[0]
    #expect(weights.elements.allSatisfy { $0.isFinite }, label)
    #expect(found.quantized.grid.scales.elements.allSatisfy { $0 > 0 && $0.isFinite }, label)
    #expect((0...1).contains(found.clippedShare), label)
    let lost = DoubleMatrix(trouble.weights) - DoubleMatrix(weights)
    let whole = DoubleMatrix(trouble.weights)
    func compare(_ name: String, _ said: Double?, _ x: DoubleMatrix?) {
      guard let said else { return }
      let (part, all) = (Energy(lost, x), Energy(whole, x))
      let share = all.sum == 0 ? (part.sum == 0 ? 0 : .infinity) : part.sum / all.sum
      // Float32 sums of terms that cancel are true to a few units in the last place of the terms.
      let slack = 1e-3 * share + (all.sum == 0 ? 0 : 1e-6 * part.terms / all.sum)
      #expect(
        said >= 0 && abs(said - share) <= slack, "\(name) \(said) is \(share) ± \(slack): \(label)")
    }
    compare("weight", found.error.weight, nil)
    compare("calibration", found.error.calibration, DoubleMatrix(trouble.tokens))
    compare("held out", found.error.heldOut, DoubleMatrix(trouble.heldOut))
    for (name, said) in [
      ("worst row", found.error.worstRow), ("activation", found.error.activation),
      ("stream", found.error.stream),
    ] {
      if let said { #expect(said >= 0 && said.isFinite, "\(name) \(said): \(label)") }
    }
  }
}

/// ‖M xᵀ‖² over tokens x, as it is and with every term positive; ‖M‖² without tokens.
private struct Energy {
  var sum = 0.0
  var terms = 0.0

  init(_ m: DoubleMatrix, _ x: DoubleMatrix?) {
    guard let x else {
      sum = m.elements.reduce(0) { $0 + $1 * $1 }
      terms = sum
      return
    }
    sum = (m * x.transposed).elements.reduce(0) { $0 + $1 * $1 } / Double(x.rows)
    terms =
      (m.magnitudes * x.magnitudes.transposed).elements.reduce(0) { $0 + $1 * $1 } / Double(x.rows)
  }
}
