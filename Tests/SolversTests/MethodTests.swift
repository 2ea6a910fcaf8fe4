import Quantizer
import Solvers
import Testing

@Suite struct `A method` {
  @Test func `is named after its transform and its rounding`() {
    #expect(Method.gptq.name == "gptq")
    #expect(Method.nearest.name == "rtn")
    #expect(Method(transform: .awq, rounding: .nearest).name == "awq")
    #expect(Method(transform: .smoothQuant, rounding: .gptq).name == "smoothquant+gptq")
    #expect(Method(name: "mine", transform: .awq, rounding: .gptq).name == "mine")
  }

  @Test func `rounds inputs where its transform is made for that, or where it is told to`() {
    #expect(Method(transform: .smoothQuant, rounding: .gptq).activations == .token)
    #expect(
      Method(transform: .smoothQuant, rounding: .gptq, activations: .tensor).activations == .tensor)
    #expect(Method(transform: .awq, rounding: .gptq).activations == nil)
    #expect(Method(rounding: .nearest, activations: .token).activations == .token)
  }

  @Test func `needs calibration unless it looks at weights and single tokens only`() {
    #expect(!Method.nearest.needsCalibration)
    #expect(!Method(rounding: .nearest, activations: .token).needsCalibration)
    let others = [
      .gptq, Method(transform: .awq, rounding: .nearest), Method(rounding: .nearest, clips: true),
      Method(rounding: .nearest, activations: .tensor),
      Method(rounding: .nearest, activations: .token, keepsOutliers: true),
    ]
    #expect(others.allSatisfy { $0.needsCalibration })
  }
}
