import ArgumentParser
import Pipeline
import Solvers
import Transformer

/// The candidates of a comparison: every combination of methods, bits and group sizes.
struct CandidateArguments: ParsableArguments {
  @Option(
    help: "Methods, separated by commas; each consists of words joined by +:\n\(Choices.methods)",
    transform: { try $0.split(separator: ",").map { try Method(words: String($0)) } })
  var methods = [Method.nearest, .awq, .gptq, .awqGPTQ]

  @Option(
    help: "Bits of a code, 2 to 8 or ternary, separated by commas.",
    transform: { try $0.codeBits() })
  var bits = [CodeBits.integers(4)]

  @Option(
    help: "Group sizes, separated by commas: numbers, channel or tensor. (default: 128)",
    transform: { try $0.groupSizes() })
  var groupSizes = [GroupSize.columns(128)]

  func validate() throws {
    guard !methods.isEmpty, !bits.isEmpty, !groupSizes.isEmpty else {
      throw ValidationError("--methods, --bits and --group-sizes need at least one entry.")
    }
  }

  /// Every combination; a method that also rounds inputs to integers has its own scheme and appears once.
  func settings(
    _ recipe: RecipeArguments, alpha: Float, format: FormatChoice = .standard,
    grids: [GridChoice] = [.integer]
  ) throws -> [QuantizationSettings] {
    // Candidates of the same scheme are ranked against each other, so they are kept together.
    var candidates: [QuantizationSettings] = []
    for bits in bits {
      for size in groupSizes {
        for grid in grids {
          for method in methods where !method.roundsInputsToIntegers {
            candidates.append(
              try recipe.settings(
                method, bits: bits, groupSize: size, alpha: alpha, format: format, grid: grid))
          }
        }
      }
    }
    for method in methods where method.roundsInputsToIntegers {
      candidates.append(
        try recipe.settings(method, bits: nil, groupSize: nil, alpha: alpha, format: format))
    }
    return candidates
  }
}

extension Method {
  /// AWQ's scales, then round to nearest.
  fileprivate static let awq = Method(transform: .awq, rounding: .nearest)
  /// AWQ's scales, then GPTQ.
  fileprivate static let awqGPTQ = Method(transform: .awq, rounding: .gptq)
}

extension String {
  /// Numbers separated by commas.
  func integers() throws -> [Int] {
    try split(separator: ",").map {
      guard let number = Int($0) else { throw ValidationError("\"\($0)\" is not a number.") }
      return number
    }
  }

  /// Patterns of modules separated by commas.
  func modulePatterns() throws -> [ModulePattern] {
    try split(separator: ",", omittingEmptySubsequences: false).map {
      guard let pattern = ModulePattern(String($0)) else {
        throw ValidationError(
          "\"\($0)\" is not the name of modules, such as down_proj or layers.0.")
      }
      return pattern
    }
  }

  /// Grids separated by commas.
  func grids() throws -> [GridChoice] {
    let choices = try split(separator: ",").map {
      guard let choice = GridChoice(rawValue: String($0)) else {
        throw ValidationError("\"\($0)\" is not a grid; give integer, offset or nf4.")
      }
      return choice
    }
    guard !choices.isEmpty else { throw ValidationError("--grids needs at least one entry.") }
    return choices
  }

  /// Numbers of bits separated by commas.
  fileprivate func codeBits() throws -> [CodeBits] {
    try split(separator: ",").map {
      guard let bits = CodeBits(argument: String($0)) else {
        throw ValidationError("\"\($0)\" is no number of bits; give 2 to 8, or ternary.")
      }
      return bits
    }
  }

  /// Group sizes separated by commas.
  fileprivate func groupSizes() throws -> [GroupSize] {
    try split(separator: ",").map {
      guard let size = GroupSize(argument: String($0)) else {
        throw ValidationError("\"\($0)\" is not a group size; give a number, channel or tensor.")
      }
      return size
    }
  }
}
