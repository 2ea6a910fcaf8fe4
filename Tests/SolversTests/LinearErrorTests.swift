import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

private func recipe(_ rounding: any Rounding, bits: Int = 4) throws -> Recipe {
  Recipe(
    scheme: try Scheme(bits: bits, symmetric: true, granularity: .group(8)),
    gridRule: GridRule(range: .squaredError, scaleFormat: .float16), rounding: rounding)
}

/// tr(D M Dᵀ) / tr(W M Wᵀ).
private func share(_ d: DoubleMatrix, _ w: DoubleMatrix, _ moment: DoubleMatrix) -> Double {
  (d * moment * d.transposed).trace / (w * moment * w.transposed).trace
}

private func agree(_ value: Double?, _ expected: Double) -> Bool {
  value.map { abs($0 - expected) <= 1e-4 * expected } ?? false
}

@Suite struct `The error of a Linear` {
  /// What GPTQ leaves lies where the Hessian hardly sees it; rounding it again puts a part of it elsewhere.
  @Test(.enabled(if: ProductEngine.bfloat16.problem == nil), arguments: [2, 4, 8], [1, 5, 9, 13])
  func `is the same within three thousandths where bfloat16 measures it`(
    bits: Int, seed: UInt64
  ) throws {
    let weights = Matrix.heavyTailed(96, 256, scale: 0.02, seed: seed)
    // A tenth of the directions hold nearly all of the energy.
    var x = Matrix.product(
      .gaussian(1024, 24, scale: 30, seed: seed + 1), transposed: .gaussian(256, 24, seed: seed + 2)
    )
    x.add(.activations(tokens: 1024, channels: 256, seed: seed + 3))
    let statistics = InputStatistics(of: x)
    let errors = try [ProductEngine.float32, .bfloat16].map { engine in
      try recipe(NearestPlaneRounding(damping: Damping(share: 1e-5)), bits: bits).solve(
        LinearProblem(name: "0", weights: weights),
        input: CalibratedInput(calibration: statistics, heldOut: statistics, engine: engine)
      ).error
    }
    let exact = try #require(errors[0].calibration)
    let found = try #require(errors[1].calibration)
    #expect(exact > 0 && abs(found - exact) < 3e-3 * exact, "\(found) for \(exact)")
    #expect(errors[0].weight == errors[1].weight)
  }

  @Test(arguments: [2, 4, 8], RoundingMethod.all.map(\.name))
  func `is what the definition gives in doubles`(bits: Int, method: String) throws {
    let method = try #require(RoundingMethod.all.first { $0.name == method })
    for (rows, columns) in [(1, 8), (17, 40), (70, 64)] {
      let weights = Matrix.heavyTailed(rows, columns, scale: 0.02, seed: 1)
      let seen = Matrix.activations(tokens: 128, channels: columns, seed: 2)
      let unseen = Matrix.activations(tokens: 77, channels: columns, seed: 3)
      let first = Matrix.activations(tokens: 5, channels: columns, seed: 4)
      let input = CalibratedInput(
        calibration: InputStatistics(of: seen), heldOut: InputStatistics(of: unseen), first: first)
      let linear = LinearProblem(name: "test", weights: weights)
      let solution = try recipe(method.make(MethodOptions()), bits: bits).solve(
        linear, input: input)
      let w = DoubleMatrix(weights)
      let d = w - DoubleMatrix(solution.quantized.dequantized())
      let identity = DoubleMatrix(rows: columns, columns: columns).addingToDiagonal(1)
      #expect(agree(solution.error.weight, share(d, w, identity)))
      #expect(agree(solution.error.calibration, share(d, w, .secondMoment(of: seen))))
      #expect(agree(solution.error.heldOut, share(d, w, .secondMoment(of: unseen))))
      #expect(agree(solution.error.first, share(d, w, .secondMoment(of: first))))
      #expect(solution.name == "test")
    }
  }

  @Test func `is missing for inputs that are unknown`() throws {
    let weights = Matrix.gaussian(5, 16, seed: 4)
    let x = Matrix.activations(tokens: 30, channels: 16, seed: 5)
    let inputs = [
      CalibratedInput(), CalibratedInput(calibration: InputStatistics(of: x)),
      CalibratedInput(heldOut: InputStatistics(of: x)),
    ]
    for input in inputs {
      let error = try recipe(NearestRounding()).solve(
        LinearProblem(name: "test", weights: weights), input: input
      ).error
      #expect((error.calibration == nil) == (input.calibration == nil))
      #expect((error.heldOut == nil) == (input.heldOut == nil))
      #expect(error.weight > 0)
    }
  }

  @Test func `is zero where the weights are zero`() throws {
    let input = CalibratedInput(
      calibration: InputStatistics(of: .activations(tokens: 9, channels: 16, seed: 6)))
    let zeros = Matrix(rows: 3, columns: 16)
    let error = try recipe(NearestPlaneRounding()).solve(
      LinearProblem(name: "test", weights: zeros), input: input
    ).error
    #expect(error == LinearError(weight: 0, calibration: 0, heldOut: nil))
  }

  @Test func `is the same for calibration and held-out tokens when those are the same`() throws {
    let x = Matrix.activations(tokens: 100, channels: 32, seed: 7)
    let input = CalibratedInput(
      calibration: InputStatistics(of: x), heldOut: InputStatistics(of: x))
    let linear = LinearProblem(name: "test", weights: .gaussian(9, 32, seed: 8))
    let error = try recipe(NearestPlaneRounding()).solve(linear, input: input).error
    #expect(error.calibration == error.heldOut)
  }
}
