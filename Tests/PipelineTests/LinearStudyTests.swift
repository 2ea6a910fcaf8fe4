// One Linear from files: what comes out is what the solver gives for the same statistics.

import Checkpoint
import Formats
import Hessian
import LinearAlgebra
import Pipeline
import Quantizer
import Remedies
import Solvers
import Studies
import TestSupport
import Testing

private let weights = Matrix.heavyTailed(32, 64, scale: 0.02, seed: 1)
private let inputs = Matrix.activations(tokens: 200, channels: 64, seed: 2)

private func settings(
  _ method: Method, bits: Int = 4, groupSize: Int = 32
) throws -> QuantizationSettings {
  QuantizationSettings(
    scheme: try Scheme(bits: bits, symmetric: true, granularity: .group(groupSize)),
    method: method)
}

private func statistics(_ parts: Matrix...) -> InputStatistics {
  var result = InputStatistics(channels: 64)
  for part in parts { result.add(part) }
  return result
}

/// What the library makes of the weights with given statistics.
private func expected(
  _ input: CalibratedInput, _ settings: QuantizationSettings
) throws -> StageSolution {
  let recipe = Recipe(
    scheme: settings.scheme, gridRule: GridRule(range: .squaredError, scaleFormat: .float32),
    rounding: settings.method.rounding.make(settings.options),
    transform: settings.method.transform?.make(settings.options))
  let group = StageProblem.Group([LinearProblem(name: "w", weights: weights)], input: input)
  return try StageSession(StageProblem([group], scaling: InputScaling()))
    .solve(recipe, measuringRows: true)
}

extension TemporaryFolder {
  /// The files, written.
  fileprivate func files(
    _ input: Matrix? = inputs, heldOut: Matrix? = nil, sharesOut: Bool = true
  ) throws -> LinearFiles {
    try LinearFiles(
      weights: try file("w", weights),
      input: try input.map { .activations(try file("x", $0)) } ?? .unknown,
      heldOut: try heldOut.map { try file("y", $0) }, sharesOut: sharesOut)
  }

  fileprivate func file(_ name: String, _ matrix: Matrix, axes: [Int]? = nil) throws -> MatrixFile {
    try write("\(name).npy", RawNumPy.file(matrix, axes: axes))
    return try MatrixFile(path("\(name).npy"))
  }
}

@Suite struct `One Linear from files` {
  @Test(arguments: [Method.nearest, .gptq, .awq, .awqGPTQ])
  func `gives what the solver gives, with every ninth chunk held out`(method: Method) throws {
    let settings = try settings(method)
    // 200 tokens: chunks of 22, nine of them and two tokens more; the ninth judges.
    let calibration = statistics(
      inputs.copy(rows: 0..<176), inputs.copy(rows: 198..<200))
    let heldOut = statistics(inputs.copy(rows: 176..<198))
    let solution = try expected(
      CalibratedInput(calibration: calibration, heldOut: heldOut), settings)
    try TemporaryFolder.with { folder in
      let comparison = try LinearStudy(try folder.files(), candidates: [settings])
      let (report, solutions) = try comparison.run()
      #expect(report.calibrationTokens == 178 && report.heldOutTokens == 22)
      #expect(solutions[0].linears[0].linear == solution.linears[0].linear)
      #expect(solutions[0].factors == solution.factors)
      let linear = report.candidates[0].linears[0]
      #expect(linear.error == solution.linears[0].error)
      #expect(linear.name == "w" && linear.layer == nil)
      #expect(linear.inputScales == solution.factors)
      #expect((solution.factors != nil) == (method.transform != nil))
    }
  }

  @Test func `takes all tokens, or others to judge, where that is asked for`() throws {
    let settings = try settings(.gptq)
    let other = Matrix.activations(tokens: 64, channels: 64, seed: 3)
    try TemporaryFolder.with { folder in
      let all = try LinearStudy(try folder.files(sharesOut: false), candidates: [settings])
      let (report, solutions) = try all.run()
      #expect(report.calibrationTokens == 200 && report.heldOutTokens == 0)
      let alone = try expected(CalibratedInput(calibration: statistics(inputs)), settings)
      #expect(solutions[0].linears[0].linear == alone.linears[0].linear)
      let judged = try LinearStudy(try folder.files(heldOut: other), candidates: [settings])
      let result = try judged.run().report
      #expect(result.calibrationTokens == 200 && result.heldOutTokens == 64)
      let both = try expected(
        CalibratedInput(calibration: statistics(inputs), heldOut: statistics(other)), settings)
      #expect(result.candidates[0].linears[0].error == both.linears[0].error)
    }
  }

  @Test func `takes tokens with axes in front`() throws {
    try TemporaryFolder.with { folder in
      let flat = try folder.files()
      let deep = try LinearFiles(
        weights: flat.weights,
        input: .activations(try folder.file("deep", inputs, axes: [4, 50, 64])))
      let solutions = try [flat, deep].map {
        try LinearStudy($0, candidates: [try settings(.gptq)]).run().solutions[0]
      }
      #expect(solutions[0].linears[0].linear == solutions[1].linears[0].linear)
    }
  }

  @Test func `learns the same from a ready Hessian, as far as that goes`() throws {
    // 64 tokens: the mean is exact.
    let tokens = inputs.copy(rows: 0..<64)
    let hessian = statistics(tokens).block(0..<64)
    try TemporaryFolder.with { folder in
      let plain = try folder.files(tokens, sharesOut: false)
      let ready = try LinearFiles(
        weights: plain.weights, input: .hessian(try folder.file("h", hessian)))
      let gptq = try settings(.gptq)
      let solutions = try [plain, ready].map {
        try LinearStudy($0, candidates: [gptq]).run().solutions[0].linears[0]
      }
      #expect(solutions[0].linear == solutions[1].linear)
      let errors = try solutions.map { try #require($0.error.calibration) }
      #expect(abs(errors[0] / errors[1] - 1) < 1e-5)
      for method in [Method.awq, .smoothQuant, .staticInt8, .int8Outliers] {
        let settings = try QuantizationSettings(
          scheme: Scheme(bits: 8, symmetric: true, granularity: .channel), method: method)
        let comparison = try LinearStudy(ready, candidates: [settings])
        let error = #expect(throws: StageError.self) { try comparison.run() }
        #expect(error?.description.contains("a Hessian does not tell") == true)
        #expect(error?.remedies == [.giveActivations])
      }
      // Inputs that are rounded token by token ask nothing of calibration; without tokens, what that
      // rounding costs cannot be measured.
      let int8 = try QuantizationSettings(
        scheme: Scheme(bits: 8, symmetric: true, granularity: .channel), method: .int8)
      let error = try LinearStudy(ready, candidates: [int8]).run().solutions[0].linears[0].error
      #expect(error.activation == nil && error.calibration != nil)
    }
  }

  @Test func `is refused where shapes do not fit, with both of them`() throws {
    try TemporaryFolder.with { folder in
      let w = try folder.file("w", weights)
      let narrow = try folder.file("narrow", Matrix(rows: 9, columns: 48))
      let vector = try folder.file("vector", Matrix(rows: 1, columns: 64), axes: [64])
      let cases: [(String, () throws -> LinearFiles)] = [
        (
          "narrow.npy: has shape [9, 48], but \(w.path) has shape [32, 64]",
          { try LinearFiles(weights: w, input: .activations(narrow)) }
        ),
        ("must have in = 64", { try LinearFiles(weights: w, heldOut: narrow) }),
        ("[in, in] must have in = 64", { try LinearFiles(weights: w, input: .hessian(w)) }),
        (
          "vector.npy: has shape [64]; weights must have shape [out, in]",
          { try LinearFiles(weights: vector) }
        ),
      ]
      for (words, files) in cases {
        #expect { _ = try files() } throws: { "\($0)".contains(words) }
      }
      let crooked = try folder.file(
        "h", Matrix(rows: 64, columns: 64) { $0 == $1 ? 1 : $0 < $1 ? 0.5 : 0 })
      let comparison = try LinearStudy(
        LinearFiles(weights: w, input: .hessian(crooked)), candidates: [try settings(.gptq)])
      #expect { try comparison.run() } throws: { "\($0)".contains("h.npy: the Hessian is not sym") }
    }
  }

  @Test func `is refused where a method cannot work`() throws {
    try TemporaryFolder.with { folder in
      let files = try folder.files(nil)
      let error = #expect(throws: LinearFileError.self) {
        try LinearStudy(files, candidates: [try settings(.gptq)])
      }
      #expect(error?.description.contains("the method gptq learns from") == true)
      #expect(
        error?.remedies == [.giveActivations, .giveSecondMoment, .chooseMethod("rtn")])
      #expect {
        try LinearStudy(files, candidates: [try settings(.nearest, groupSize: 48)])
      } throws: {
        "\($0)".contains("group size 48")
      }
      let report = try LinearStudy(files, candidates: [try settings(.nearest)]).run().report
      #expect(report.candidates[0].linears[0].error.calibration == nil)
    }
  }

  @Test func `is written with the factors of its input`() throws {
    try TemporaryFolder.with { folder in
      let settings = try settings(.awqGPTQ)
      let comparison = try LinearStudy(try folder.files(), candidates: [settings])
      let solution = try comparison.run().solutions[0]
      let path = folder.path("q.safetensors")
      try comparison.write(solution, of: 0, to: path)
      let file = try SafetensorsFile(path: path)
      #expect(
        Set(file.entries.map(\.name)) == [
          "w.weight_packed", "w.weight_scale", "w.weight_shape", "w.input_factors",
        ])
      #expect(file.floats("w.input_factors") == solution.factors)
      let grid = solution.linears[0].quantized.grid
      #expect(file.floats("w.weight_scale") == grid.scales.elements)
      #expect(file.integers("w.weight_shape") == [32, 64])
    }
  }
}
