import ArgumentParser
import Formats
import Pipeline
import Quantizer

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

/// `--kv-cache`: what keys and values are rounded to.
enum CacheChoice: String, ExpressibleByArgument, CaseIterable {
  case fp8
  case int8

  var number: ActivationScheme.Number { self == .fp8 ? .float : .integer }
}
