import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `The squared error of a group` {
  @Test(arguments: [1, 15, 16, 17, 33, 64], [false, true])
  func `is the sum over its weights`(count: Int, hasImportance: Bool) {
    let weights = Matrix.gaussian(1, count, scale: 0.6, seed: 1)
    let importance = Matrix(rows: 1, columns: count) { Float($0 + $1 % 5 + 1) }
    var kernel = ZeroPointKernel(largestCode: 15)
    (kernel.scale, kernel.offset) = (Lanes(repeating: 0.08), Lanes(repeating: 7))
    let found = kernel.squaredError(
      of: weights.elements.span, hasImportance ? importance.elements.span : nil)
    var exact = 0.0
    for i in 0..<count {
      let error = Double(kernel.error(of: Lanes(repeating: weights[0, i]))[0])
      exact += error * error * (hasImportance ? Double(importance[0, i]) : 1)
    }
    #expect(exact > 0 && abs(Double(found) - exact) <= 20 * Double(Float.ulpOfOne) * exact)
  }
}
