import ArgumentParser
import Checkpoint
import Foundation
import JSON
import Pipeline
import Quantizer
import Report
import Solvers
import Transformer

/// `ptq inspect`: what is in a quantized folder.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "List every Linear of a folder: shape, bits, groups, and the error recorded.",
    discussion: """
      EXAMPLE:
        ptq inspect SmolLM2-4bit
      """)

  @Argument(help: "The folder.")
  var model: String

  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let language = try LanguageModel(ModelFolder(path: model))
    let report = try recorded(in: language.folder)
    var linears: [InspectedLinear] = []
    for layer in 0..<language.configuration.layerCount {
      for shape in language.configuration.linears(layer: layer) {
        let recorded = report?.linears.first { $0.name == shape.name }
        linears.append(
          InspectedLinear(
            shape: shape, scheme: try language.quantizedLinear(shape)?.scheme.weights,
            recorded: recorded))
      }
    }
    if json {
      print(JSONValue.array(linears.map(\.json)).text(.pretty))
    } else {
      print(InspectedLinear.table(linears).text)
      print("\nformat: \(language.format?.name ?? "not quantized")")
    }
  }

  private func recorded(in folder: ModelFolder) throws -> RunReport? {
    let path = "\(folder.path)/\(RunReport.fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try RunReport(JSONValue(parsing: try folder.companion(RunReport.fileName)))
    } catch let error as JSONError {
      throw CheckpointError.json(path: path, cause: error)
    }
  }
}

/// One line of `ptq inspect`.
private struct InspectedLinear {
  let shape: LinearShape
  let scheme: Scheme?
  let recorded: LinearReport?

  static func table(_ linears: [InspectedLinear]) -> Table {
    var table = Table([
      Table.Column("Linear", .leading), Table.Column("shape"), Table.Column("bits"),
      Table.Column("group"), Table.Column("zero point", .leading),
      Table.Column("output error %"), Table.Column("held-out %"),
    ])
    for linear in linears {
      table.append([
        linear.shape.name, "\(linear.shape.rows) x \(linear.shape.columns)",
        linear.scheme.map { "\($0.bits)" } ?? "-", linear.group,
        linear.scheme.map { $0.isSymmetric ? "symmetric" : "asymmetric" } ?? "-",
        Numbers.percent(linear.recorded?.error.calibration),
        Numbers.percent(linear.recorded?.error.heldOut),
      ])
    }
    return table
  }

  private var group: String {
    switch scheme?.granularity {
    case .group(let size): "\(size)"
    case .channel: "channel"
    case .tensor: "tensor"
    case nil: "-"
    }
  }

  var json: JSONValue {
    [
      "name": .string(shape.name), "rows": .number(JSONNumber(shape.rows)),
      "columns": .number(JSONNumber(shape.columns)),
      "bits": scheme.map { .number(JSONNumber($0.bits)) } ?? .null, "group": .string(group),
      "symmetric": scheme.map { .bool($0.isSymmetric) } ?? .null,
      "recorded": recorded?.json ?? .null,
    ]
  }
}
