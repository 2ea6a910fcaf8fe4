import LinearAlgebra
import Testing

@Suite struct `The probe of the system` {
  @Test func `names the processor and the libraries`() {
    let probe = SystemProbe()
    #expect(probe.blas.contains("OpenBLAS"))
    #expect(!probe.blasKernels.isEmpty && !probe.processor.isEmpty)
    // Both must come from OpenBLAS: the reference LAPACK is slower by an order of magnitude.
    for symbol in ["cblas_sgemm", "dpotrf_"] {
      #expect(probe.library(of: symbol).contains("openblas"), "\(symbol)")
    }
    #expect(probe.library(of: "no_such_symbol_anywhere") == "not found")
    #expect(probe.memory > 1e8)
    #expect(probe.measuredSpeed(side: 64) > 1e6)
  }
}
