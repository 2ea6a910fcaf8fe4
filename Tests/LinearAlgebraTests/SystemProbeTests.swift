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

  @Test(arguments: [
    ("Prescott", ["avx2", "fma", "avx512f", "amx_bf16"], "SKYLAKEX"),
    ("Nehalem", ["avx2", "fma"], "HASWELL"),
    ("Prescott", ["avx2"], nil), ("Prescott", [], nil),
    ("Zen", ["avx2", "fma", "avx512f"], nil), ("SkylakeX", ["avx2", "fma", "avx512f"], nil),
  ])
  func `asks for better kernels only where vector units are idle`(
    chosen: String, units: [String], better: String?
  ) {
    #expect(SystemProbe.betterKernels(than: chosen, forUnits: Set(units)) == better)
  }
}
