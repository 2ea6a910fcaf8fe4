// The README's example of the library, through the single import that it names.

import PTQ
import TestSupport
import Testing

@Suite struct `The library of the README` {
  @Test func `quantizes one Linear from statistics added chunk by chunk`() throws {
    let weights = Matrix.gaussian(48, 64, seed: 1)
    let chunks = (2..<6).map { Matrix.activations(tokens: 96, channels: 64, seed: $0) }

    var statistics = InputStatistics(channels: 64)
    for activations in chunks { statistics.add(activations) }

    let recipe = Recipe(
      scheme: try Scheme(bits: 4, symmetric: true, granularity: .group(64)),
      gridRule: GridRule(range: .squaredError, scaleFormat: .float16),
      rounding: NearestPlaneRounding())
    let solution = try recipe.solve(
      LinearProblem(name: "q_proj", weights: weights),
      input: CalibratedInput(calibration: statistics))

    #expect(solution.quantized.codes.count == 48 * 64)
    let error = try #require(solution.error.calibration)
    #expect(error > 0 && error < solution.error.weight)
  }
}
