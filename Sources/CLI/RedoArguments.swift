import ArgumentParser
import Checkpoint
import Pipeline
import Transformer

/// Options for solving some Linears of a finished result again.
struct RedoArguments: ParsableArguments {
  @Option(
    help: """
      Linears to solve again, with all that engines merge with them, named as for --ignore; all others are taken \
      from --base as they are.
      """,
    transform: { try $0.modulePatterns() })
  var redo: [ModulePattern] = []

  @Option(help: "A finished result of the same model.")
  var base: String?

  func validate() throws {
    guard redo.isEmpty == (base == nil) else {
      throw ValidationError("--redo and --base need each other.")
    }
  }

  /// The result that Linears are taken from.
  func result(_ opening: ModelArguments) throws -> BaseResult? {
    try base.map { try BaseResult(opening.model(at: $0), redoing: redo) }
  }
}
