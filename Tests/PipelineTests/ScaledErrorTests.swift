// Errors are reported in the coordinates that weights and inputs came in, however they were scaled.

import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

@Suite struct `The report of a scaled Linear` {
  @Test(arguments: ScaledRun.methods)
  func `has the errors of the weights in the coordinates that they came in`(
    method: Method
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(family: .qwen2))
      let replay = try model.replay(.scaled(method))
      let count = CalibrationSet.random.calibration.count
      for replayed in replay {
        for linear in replayed.linears {
          let (solution, inputs) = (linear.solution, linear.inputs)
          let w = DoubleMatrix(linear.original)
          let d = linear.effective - w
          func share(_ windows: ArraySlice<Matrix>) -> Double {
            let moment = DoubleMatrix.secondMoment(of: Matrix(stacking: Array(windows)))
            return (d * moment * d.transposed).trace / (w * moment * w.transposed).trace
          }
          let plain = DoubleMatrix(rows: w.columns, columns: w.columns).addingToDiagonal(1)
          let weight = (d * plain * d.transposed).trace / (w * plain * w.transposed).trace
          let error = solution.error
          #expect(abs(error.weight / weight - 1) < 1e-3, "\(solution.name)")
          let (seen, unseen) = (share(inputs[..<count]), share(inputs[count...]))
          #expect(abs((error.calibration ?? 0) / seen - 1) < 1e-3, "\(solution.name)")
          #expect(abs((error.heldOut ?? 0) / unseen - 1) < 1e-3, "\(solution.name)")
        }
      }
    }
  }

  @Test(arguments: [Method.smoothQuant, .smoothQuantStatic, .int8])
  func `has what rounding the inputs adds`(method: Method) throws {
    try TemporaryFolder.with { folder in
      let replay = try folder.open().replay(.scaled(method))
      let count = CalibrationSet.random.calibration.count
      for replayed in replay {
        for linear in replayed.linears {
          let (solution, s) = (linear.solution, linear.inputFactors)
          let x = Matrix(stacking: Array(linear.inputs[count...]))
          let scaled = Matrix(rows: x.rows, columns: x.columns) { x[$0, $1] / s[$1] }
          let rounded = try #require(solution.linear.activations).rounded(scaled)
          let lost = Matrix(rows: x.rows, columns: x.columns) {
            (scaled[$0, $1] - rounded[$0, $1]) * s[$1]
          }
          let w = DoubleMatrix(linear.original)
          let energy = { (m: DoubleMatrix) in m.elements.reduce(0) { $0 + $1 * $1 } }
          let expected =
            energy(DoubleMatrix(lost) * linear.effective.transposed)
            / energy(DoubleMatrix(x) * w.transposed)
          let found = try #require(solution.error.activation)
          #expect(abs(found / expected - 1) < 1e-3, "\(solution.name): \(found), \(expected)")
        }
      }
    }
  }
}
