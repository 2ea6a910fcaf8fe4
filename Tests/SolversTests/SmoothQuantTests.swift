// SmoothQuant: the paper's worked example, the ends of the migration strength, channels of zeros
// and shared factors.

import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

/// Figure 5 of the paper: X, and W as it is written there, `[in, out]`.
private let x = Matrix(rows: 2, columns: 4, elements: [1, -16, 2, 6, -2, 8, -1, -9])
private let written: [Float] = [2, 1, -2, 1, -1, -1, 2, -1, -2, -1, -1, 1]
private let w = Matrix(rows: 3, columns: 4) { written[$1 * 3 + $0] }

@Suite struct `SmoothQuant's factors` {
  @Test func `are those of the paper's example`() throws {
    #expect(Smoothing.agree(try Smoothing.factors(0.5, x, w), [1, 4, 1, 3]))
  }

  @Test func `at either end level the weights or the inputs alone`() throws {
    // α = 0: W·s has the maximum 1 in each column; α = 1: x/s has.
    #expect(Smoothing.agree(try Smoothing.factors(0, x, w), [0.5, 1, 0.5, 1]))
    #expect(Smoothing.agree(try Smoothing.factors(1, x, w), [2, 16, 2, 9]))
  }

  @Test func `depend on the rows of every Linear, and on every token`() throws {
    let taller = Matrix(rows: 1, columns: 4, elements: [-8, 0, 0, 4])
    #expect(Smoothing.agree(try Smoothing.factors(0, x, w, taller), [0.125, 1, 0.5, 0.25]))
    #expect(Smoothing.agree(try Smoothing.factors(1, x.copy(rows: 1..<2), w), [2, 8, 1, 9]))
  }

  @Test(arguments: [0 as Float, 0.3, 0.5, 1])
  func `leave channels of zeros alone`(alpha: Float) throws {
    let (dead, still) = (x.zeroing(columns: [2]), w.zeroing(columns: [1]))
    let found = try Smoothing.factors(alpha, dead, still)
    #expect(found[2] == 1 && found[1] == 1)
    #expect(found[0] == (try Smoothing.factors(alpha, x, w))[0])
  }

  @Test func `are shared by channels that must, from the largest of each side`() throws {
    let shared = InputScaling(sharing: [0, 1, 0, 1])
    #expect(Smoothing.agree(try Smoothing.factors(1, x, w, scaling: shared), [2, 16, 2, 16]))
    #expect(Smoothing.agree(try Smoothing.factors(0, x, w, scaling: shared), [0.5, 1, 0.5, 1]))
    #expect(Smoothing.agree(try Smoothing.factors(0.5, x, w, scaling: shared), [1, 4, 1, 4]))
  }

  @Test func `are those that can be stored`() throws {
    let powers = InputScaling(storable: { $0.map { $0 < 2 ? 1 : 4 } })
    #expect(try Smoothing.factors(0.5, x, w, scaling: powers) == [1, 4, 1, 4])
  }

  @Test func `need statistics`() throws {
    let uncalibrated = StageProblem([w], input: CalibratedInput(), scaling: InputScaling())
    for transform in [SmoothQuant(.fixed(0.5)), SmoothQuant(.searched)] {
      let error = #expect(throws: StageError.self) {
        try Smoothing.recipe(transform).solve(uncalibrated)
      }
      #expect(error?.description.hasPrefix("0: smoothquant needs calibration") == true)
    }
  }
}
