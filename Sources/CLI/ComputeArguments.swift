import ArgumentParser
import Checkpoint
import LinearAlgebra
import Transformer

/// The option of all commands with large products.
struct ComputeArguments: ParsableArguments {
  @Option(
    help: """
      What large products are computed in: float32; bfloat16, twice as fast on processors that have it; auto, \
      which is bfloat16 there for weights that are stored in it. (default: auto for quantize, else float32)
      """)
  var compute: ComputeChoice?

  /// What multiplies the Linears of a model.
  func engine(for model: LanguageModel, default standard: ComputeChoice) throws -> ProductEngine {
    try engine(standard, isExact: model.storesBFloat16)
  }

  /// What multiplies inputs that come without a model.
  func engine(default standard: ComputeChoice) throws -> ProductEngine {
    try engine(standard, isExact: true)
  }

  private func engine(_ standard: ComputeChoice, isExact: Bool) throws -> ProductEngine {
    let problem = ProductEngine.bfloat16.problem
    switch compute ?? standard {
    case .float32: return .float32
    case .auto: return isExact && problem == nil ? .bfloat16 : .float32
    case .bfloat16:
      if let problem { throw ComputeError(problem: problem) }
      return .bfloat16
    }
  }
}

/// `--compute`: an engine, or the faster one.
enum ComputeChoice: String, CaseIterable, ExpressibleByArgument {
  case auto
  case float32
  case bfloat16
}

/// The engine that was asked for is not to be had on this machine.
struct ComputeError: Error, CustomStringConvertible {
  /// Why not.
  let problem: String

  var description: String {
    "--compute bfloat16 is not possible here: \(problem). Without it, or with --compute auto, products are "
      + "computed in float32."
  }
}
