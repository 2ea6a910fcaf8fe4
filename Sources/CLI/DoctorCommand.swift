import ArgumentParser
import JSON
import LinearAlgebra
import Report

/// `ptq doctor`: what this machine computes with.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say which processor, BLAS and LAPACK answer, and how fast they are.",
    discussion: """
      EXAMPLE:
        ptq doctor
      """)

  @OptionGroup
  var common: CommonArguments

  func run() throws {
    try common.apply()
    let system = SystemProbe()
    let facts = [
      ("processor", system.processor), ("vector units", system.vectorUnits),
      ("threads", "\(Threads.count) of \(Threads.availableProcessors)"),
      ("memory", "\(Numbers.fixed(system.memory / 1_073_741_824, 1)) GiB"),
      ("BLAS", system.blas), ("BLAS kernels", system.kernels),
      ("cblas_sgemm from", system.library(of: "cblas_sgemm")),
      ("LAPACKE_dpotrf from", system.library(of: "LAPACKE_dpotrf")),
      ("dpotrf from", system.library(of: "dpotrf_")),
      ("product speed", "\(Numbers.fixed(system.measuredSpeed() / 1e9, 0)) GFLOP/s in float32"),
      ("--compute bfloat16", system.bfloat16),
    ]
    if common.json {
      var object = JSONObject()
      for (name, value) in facts { object[name] = .string(value) }
      print(JSONValue.object(object).text(.pretty))
    } else {
      var table = Table([Table.Column("what", .leading), Table.Column("found", .leading)])
      for (name, value) in facts { table.append([name, value]) }
      print(table.text)
    }
  }
}

extension SystemProbe {
  /// What multiplies in bfloat16, or why nothing does.
  fileprivate var bfloat16: String {
    let engine = ProductEngine.bfloat16
    if let problem = engine.problem { return "not here: \(problem)" }
    return "\(Numbers.fixed(measuredSpeed(on: engine) / 1e9, 0)) GFLOP/s by \(engine.library ?? "")"
  }

  /// The kernels, and whether OpenBLAS has chosen them itself: a wrong choice can make everything three
  /// times as slow.
  fileprivate var kernels: String {
    forcedKernels == nil ? blasKernels : "\(blasKernels), as OPENBLAS_CORETYPE says"
  }
}
