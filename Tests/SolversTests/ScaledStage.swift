import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

/// A stage that both the library and the textbook search.
struct ScaledStage: Sendable, CustomTestStringConvertible {
  let linears: Int
  let bits: Int
  let seed: UInt64
  var testDescription: String { "\(linears) Linears, \(bits) bits, seed \(seed)" }

  static let columns = 48
  static let groupSize = 16

  /// Few enough tokens that all of them are kept; the second moment is exact.
  var inputs: Matrix { .activations(tokens: 200, channels: Self.columns, seed: seed) }

  var weights: [Matrix] {
    (0..<linears).map { i in
      let weights = Matrix.heavyTailed(24, Self.columns, scale: 0.05, seed: 100 * seed + UInt64(i))
      // Both signs in each group: a range is then what AutoAWQ takes for one. One of them stays
      // below half of the other, or clipping both would leave the zero point at a tie.
      return Matrix(rows: 24, columns: Self.columns) { row, column in
        let size = abs(weights[row, column])
        let (long, short) = (size + 0.02, 0.1 * size / (0.1 + size))
        let sign: Float = row.isMultiple(of: 2) ? 1 : -1
        switch column % Self.groupSize {
        case 3: return sign * (long + 0.2)
        case 11: return -sign * (short + 0.02)
        default: return sign * (weights[row, column] * sign > 0 ? long : -short)
        }
      }
    }
  }

  var statistics: InputStatistics { InputStatistics(of: inputs) }

  var textbook: TextbookAWQ {
    TextbookAWQ(inputs: inputs, weights: weights, bits: bits, groupSize: Self.groupSize)
  }

  /// The stage with the published loss: the mean squared error of all outputs.
  var problem: StageProblem {
    let (inputs, weights) = (inputs, weights)
    let input = CalibratedInput(calibration: statistics)
    let outputs = weights.map { Matrix.product(inputs, transposed: $0) }
    return StageProblem(
      weights, input: input,
      scaling: InputScaling(outputLoss: { candidates in
        precondition(candidates.count == outputs.count, "\(candidates.count) candidates")
        var (sum, count) = (0.0, 0)
        for (candidate, output) in zip(candidates, outputs) {
          let found = Matrix.product(inputs, transposed: candidate).elements
          precondition(found.count == output.elements.count, "\(found.count) outputs")
          for (a, b) in zip(found, output.elements) { sum += Double(a - b) * Double(a - b) }
          count += found.count
        }
        return sum / Double(count)
      }))
  }

  func recipe(
    _ transform: (any Transform)?, _ range: GridRule.Range = .minMax,
    _ search: RangeSearch = .fine
  ) throws -> Recipe {
    Recipe(
      scheme: try Scheme(bits: bits, symmetric: false, granularity: .group(Self.groupSize)),
      gridRule: GridRule(range: range, search: search, scaleFormat: .float32),
      rounding: NearestRounding(), transform: transform)
  }

  static let all = [1, 2].flatMap { linears in
    [3, 4].flatMap { bits in
      [1 as UInt64, 2, 3].map { ScaledStage(linears: linears, bits: bits, seed: $0) }
    }
  }
}
