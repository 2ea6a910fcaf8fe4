// Every method on every grid meets numbers that invite it to go wrong. It may refuse them by an error
// that names the place; what it gives must be finite, and lose what it says.

import Formats
import Hessian
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing

/// Every rounding alone, and every transform with each of them.
private let methods = ([nil] + Catalog().transforms).flatMap { transform in
  Catalog().roundings.map { Method(transform: transform, rounding: $0) }
}

/// Every rounding alone, and every transform with the first of them.
private let single =
  Catalog().roundings.map { Method(rounding: $0) }
  + Catalog().transforms.map { Method(transform: $0, rounding: Catalog().roundings[0]) }

/// Grids of eight bits, of four, and of floats.
private let schemes = [
  try? Scheme(bits: 8, symmetric: true, granularity: .channel),
  try? Scheme(bits: 4, symmetric: false, granularity: .group(16)),
  try? Scheme(bits: 8, points: .table(.e4m3), granularity: .channel),
].compactMap(\.self)

/// Settings that round the inputs, in each way that a method's result depends on, or correct the targets.
private func settings(
  _ method: Method, observers: [Observer] = [.minMax]
) -> [QuantizationSettings] {
  func rounding(
    _ inputs: ActivationScheme.Granularity, _ number: ActivationScheme.Number = .integer,
    outliers: Bool = false
  ) -> Method {
    Method(
      transform: method.transform, rounding: method.rounding, activations: inputs,
      activationNumber: number, keepsOutliers: outliers)
  }
  let corrections: [TargetCorrection.Strength] = [.fixed(0.5), .heldOut, .gptaq(1)]
  return schemes.flatMap { scheme in
    [true, false].flatMap { symmetric in
      observers.map {
        QuantizationSettings(
          scheme: scheme, method: rounding(.tensor), symmetricActivations: symmetric, observer: $0)
      }
        + [false, true].map {
          QuantizationSettings(
            scheme: scheme, method: rounding(.token, outliers: $0),
            symmetricActivations: symmetric, outliers: .largest(3))
        }
    }
      + [.token, .tensor].map {
        QuantizationSettings(scheme: scheme, method: rounding($0, .float))
      }
      + corrections.map {
        QuantizationSettings(scheme: scheme, method: method, correction: TargetCorrection($0))
      }
  }
}

@Suite struct `Numbers that invite a method to go wrong` {
  @Test(arguments: methods, NumberTrouble.finite)
  func `give a true error on every grid, or are refused by name`(
    method: Method, trouble: NumberTrouble
  ) throws {
    let formats = Catalog().formats
    for (i, scheme) in Scheme.every(bits: [2, 3, 4, 8]).enumerated() {
      for (k, range) in GridRule.Range.allCases.enumerated() {
        let settings = QuantizationSettings(
          scheme: scheme, range: range, method: method, format: formats[(i + k) % formats.count])
        let scales: FloatFormat = (i + k).isMultiple(of: 2) ? .float16 : .float32
        try SolvedTrouble.check(trouble, settings, settings.recipe(scales: scales))
      }
    }
  }

  @Test(arguments: single, NumberTrouble.finite)
  func `give a true error however inputs are rounded and targets corrected, or are refused by name`(
    method: Method, trouble: NumberTrouble
  ) throws {
    for settings in settings(method) {
      try SolvedTrouble.check(trouble, settings, settings.recipe(scales: .float32))
    }
  }

  @Test(arguments: NumberTrouble.finite)
  func `give a true error whatever chooses the range of inputs, or are refused by name`(
    trouble: NumberTrouble
  ) throws {
    let observers: [Observer] = [.movingAverage, .percentile(99), .squaredError, .entropy]
    for settings in settings(.nearest, observers: observers) {
      try SolvedTrouble.check(trouble, settings, settings.recipe(scales: .float32))
    }
  }

  @Test(arguments: single, [Float.nan, .infinity, -.infinity])
  func `are refused by name where they are none`(method: Method, bad: Float) throws {
    for settings in settings(method) {
      let recipe = settings.recipe(scales: .float16)
      func cause(_ trouble: NumberTrouble) -> String? {
        let stage = trouble.stage(recipe.neededParts)
        do throws(StageError) { _ = try StageSession(stage).solve(recipe) } catch {
          return error.description
        }
        return nil
      }
      let inputs = NumberTrouble.inputs("") { t, j, x in t == 5 && j == 7 ? bad : x }
      var (seen, unseen) = (NumberTrouble(""), NumberTrouble(""))
      (seen.tokens, unseen.heldOut) = (inputs.tokens, inputs.heldOut)
      #expect(
        cause(.weights("") { $0 == 4 && $1 == 9 ? bad : $2 })
          == "a.linear: the weight of row 4, column 9 is infinite or NaN")
      #expect(
        cause(seen)
          == "a.linear: input channel 7 was infinite, NaN or too large to square, first at token 5 of the calibration; "
          + "check the model's weights and the calibration text")
      #expect(
        cause(unseen)
          == "a.linear: input channel 7 was infinite, NaN or too large to square, first at token 5 of the held-out text; "
          + "check the model's weights and the calibration text")
    }
  }
}
