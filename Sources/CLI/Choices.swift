public import ArgumentParser
import Checkpoint
import Formats
public import Hessian
import Pipeline
public import Quantizer
public import Solvers

/// The words that options accept, listed for the help.
enum Choices {
  /// One line for each word of a method.
  static var methods: String {
    MethodWord.all.map { "\($0.name): \($0.summary)" }.joined(separator: "\n")
  }
  /// The types of each format that has its own.
  static var types: String {
    FormatChoice.withTypes.map { "\($0.name): \($0.types.joined(separator: ", "))" }
      .joined(separator: "; ")
  }
  static var formats: String { list(Catalog.current.formats.map { ($0.name, $0.summary) }) }
  static var ranges: String { GridRule.Range.allCases.map(\.rawValue).joined(separator: ", ") }

  static var orders: String { ColumnOrder.allCases.map(\.rawValue).joined(separator: ", ") }

  static var dampings: String { Damping.choices.map { "\($0.share)" }.joined(separator: ", ") }

  static let observers = "min-max, moving-average, percentile:P, squared-error, entropy"

  private static func list(_ items: [(String, String)]) -> String {
    items.map { "\($0.0), \($0.1)" }.joined(separator: "; ")
  }
}

extension GridRule.Range: ExpressibleByArgument {}
extension ColumnOrder: ExpressibleByArgument {}
extension ExpertTokens: ExpressibleByArgument {}

extension Observer: ExpressibleByArgument {
  /// Creates an observer from its word.
  ///
  /// Without a number, `percentile` is 99.99, as in NVIDIA's calibrators.
  public init?(argument: String) {
    switch argument {
    case "min-max": self = .minMax
    case "moving-average": self = .movingAverage
    case "percentile": self = .percentile(99.99)
    case "squared-error": self = .squaredError
    case "entropy": self = .entropy
    default:
      let prefix = "percentile:"
      guard argument.hasPrefix(prefix), let percentage = Double(argument.dropFirst(prefix.count)),
        percentage > 0, percentage <= 100
      else { return nil }
      self = .percentile(percentage)
    }
  }

  /// The default as the help shows it.
  public var defaultValueDescription: String { name }
}

extension OutlierRule: ExpressibleByArgument {
  /// Reads a threshold, or a number of channels as `top:K`.
  public init?(argument: String) {
    if argument.hasPrefix("top:") {
      guard let count = Int(argument.dropFirst(4)), count > 0 else { return nil }
      self = .largest(count)
    } else {
      guard let threshold = Float(argument), threshold > 0 else { return nil }
      self = .threshold(threshold)
    }
  }

  /// The default as the help shows it.
  public var defaultValueDescription: String {
    switch self {
    case .threshold(let threshold): "\(threshold)"
    case .largest(let count): "top:\(count)"
    }
  }
}

/// `--damping`: a share of the mean diagonal, or a choice by held-out tokens.
enum DampingChoice: ExpressibleByArgument, Equatable {
  case fixed(Damping)
  case auto

  init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else {
      guard let share = Double(argument), (0...Damping.largest).contains(share) else { return nil }
      self = .fixed(Damping(share: share))
    }
  }

  /// The damping to try first.
  var start: Damping { if case .fixed(let damping) = self { damping } else { Damping() } }

  var defaultValueDescription: String { "\(start.share)" }
}

/// `--alpha`: SmoothQuant's migration strength.
struct Alpha: ExpressibleByArgument {
  let strength: SmoothQuant.MigrationStrength

  init?(argument: String) {
    if argument == "search" {
      strength = .searched
    } else if let alpha = Float(argument), (0...1).contains(alpha) {
      strength = .fixed(alpha)
    } else {
      return nil
    }
  }
}

/// `--correction`: how targets are corrected.
struct CorrectionChoice: ExpressibleByArgument {
  let correction: TargetCorrection?

  init?(argument: String) {
    switch argument {
    case "off": correction = nil
    case "held-out": correction = TargetCorrection(.heldOut)
    case "gptaq": correction = TargetCorrection(.gptaq(0.25))
    default:
      guard let share = Float(argument), (0...1).contains(share) else { return nil }
      correction = TargetCorrection(.fixed(share))
    }
  }
}

/// A checkpoint format by its name.
struct FormatChoice: ExpressibleByArgument {
  let format: any CheckpointFormat

  static let standard = FormatChoice(format: CompressedTensorsFormat())

  init(format: any CheckpointFormat) { self.format = format }

  init?(argument: String) {
    guard let format = Catalog.current.formats.first(where: { $0.name == argument }) else {
      return nil
    }
    self.format = format
  }

  /// The same format, storing weights as a type of its own.
  ///
  /// - Throws: `ValidationError` for a type that it does not have.
  func storing(_ type: String) throws -> FormatChoice {
    if let format = format.storing(type: type) { return FormatChoice(format: format) }
    guard !format.types.isEmpty else {
      throw ValidationError(
        "--type needs --format " + Self.withTypes.map(\.name).joined(separator: " or ") + ".")
    }
    throw ValidationError(
      "--format \(format.name) has no type \(type); it has \(format.types.joined(separator: ", "))."
    )
  }

  /// The same format, with scales for keys and values.
  ///
  /// - Throws: `ValidationError` if it has none.
  func storing(_ cache: CacheChoice) throws -> FormatChoice {
    guard let format = format.storing(cache: cache.number) else {
      throw ValidationError("--kv-cache needs --format compressed-tensors.")
    }
    return FormatChoice(format: format)
  }

  /// The formats that have types of their own.
  static var withTypes: [any CheckpointFormat] {
    Catalog.current.formats.filter { !$0.types.isEmpty }
  }

  var defaultValueDescription: String { format.name }
  static var allValueStrings: [String] { Catalog.current.formats.map(\.name) }
}

extension FailurePolicy: ExpressibleByArgument {}

/// `--kv-cache`: what keys and values are rounded to.
enum CacheChoice: String, ExpressibleByArgument, CaseIterable {
  case fp8
  case int8

  var number: ActivationScheme.Number { self == .fp8 ? .float : .integer }
}

/// `--group-size`: a number of columns, or a word.
enum GroupSize: ExpressibleByArgument {
  case columns(Int)
  case channel
  case tensor

  init?(argument: String) {
    switch argument {
    // Python tools write −1.
    case "channel", "-1": self = .channel
    case "tensor": self = .tensor
    default:
      guard let columns = Int(argument), columns > 0 else { return nil }
      self = .columns(columns)
    }
  }

  var granularity: Scheme.Granularity {
    switch self {
    case .columns(let columns): .group(columns)
    case .channel: .channel
    case .tensor: .tensor
    }
  }

  var defaultValueDescription: String {
    if case .columns(let columns) = self { "\(columns)" } else { "\(self)" }
  }
}

/// `--bits`: how many codes there are.
enum CodeBits: ExpressibleByArgument, Equatable {
  case integers(Int)
  case ternary

  init?(argument: String) {
    if argument == "ternary" {
      self = .ternary
    } else {
      guard let bits = Int(argument) else { return nil }
      self = .integers(bits)
    }
  }

  /// The number of bits in which a code is stored.
  var count: Int { if case .integers(let bits) = self { bits } else { 2 } }

  var defaultValueDescription: String {
    if case .integers(let bits) = self { "\(bits)" } else { "ternary" }
  }
}

/// `--grids`: the points that codes can stand for.
enum GridChoice: String {
  case integer
  case offset
  case nf4

  /// The points of a scheme; symmetry matters only for integer grids.
  ///
  /// Where a format stores an offset for each group anyway, it costs nothing to choose that freely.
  func points(_ symmetry: Symmetry?, in format: any CheckpointFormat) -> Scheme.Points {
    let isSymmetric = (symmetry ?? (format.storesOffsets ? .asymmetric : .symmetric)) == .symmetric
    return switch self {
    case .integer: isSymmetric ? .symmetric : format.storesOffsets ? .offset : .zeroPoint
    case .offset: .offset
    case .nf4: .table(.nf4)
    }
  }
}

/// `--symmetric` or `--asymmetric`.
enum Symmetry: String, EnumerableFlag {
  case symmetric
  case asymmetric
}
