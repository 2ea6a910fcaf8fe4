public import ArgumentParser
import Formats
public import Hessian
import Pipeline
public import Quantizer

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
extension FailurePolicy: ExpressibleByArgument {}
