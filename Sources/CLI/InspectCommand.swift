import ArgumentParser
import Checkpoint
import Formats
import JSON
import Pipeline
import Quantizer
import Report
import Solvers
import Transformer

/// `ptq inspect`: lists the Linears of a folder.
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

  @OptionGroup
  var opening: ModelArguments

  func run() throws {
    let language = try opening.model(at: model)
    let report = try RunReport(recordedIn: language.folder)
    var linears: [InspectedLinear] = []
    let blocks = language.declaration.blocks.indices.flatMap(language.declaration.linears)
    for shape in blocks + language.quantizedTables {
      let recorded = report?.linears.first { $0.name == shape.name }
      linears.append(
        InspectedLinear(
          shape: shape, quantized: try language.quantizedLinear(shape), recorded: recorded))
    }
    if json {
      print(JSONValue.array(linears.map(\.json)).text(.pretty))
    } else {
      print(InspectedLinear.table(linears).text)
      if let cache = language.cacheScheme {
        print(
          "\nkeys and values: \(cache.number == .float ? "FP8" : "8-bit integers"), a scale for each block"
        )
      }
      print("\nformat: \(language.format?.name ?? "not quantized")")
    }
  }
}

/// One row of `ptq inspect`.
private struct InspectedLinear {
  let shape: LinearShape
  let scheme: Scheme?
  let scattersGroups: Bool
  let activations: ActivationQuantizer?
  let recorded: LinearReport?

  init(shape: LinearShape, quantized: QuantizedLinear?, recorded: LinearReport?) {
    self.shape = shape
    scheme = quantized?.scheme.weights
    scattersGroups = quantized?.scheme.scattersGroups ?? false
    activations = quantized?.activations
    self.recorded = recorded
  }

  static func table(_ linears: [InspectedLinear]) -> Table {
    let hasActivations = linears.contains { $0.activations != nil }
    var table = Table(
      [
        Table.Column("Linear", .leading), Table.Column("shape"), Table.Column("bits"),
        Table.Column("group"), Table.Column("zero point", .leading),
      ] + (hasActivations ? [Table.Column("inputs", .leading)] : []) + [
        Table.Column("output error %"), Table.Column("held-out %"),
      ])
    for linear in linears {
      table.append(
        [
          linear.shape.name, "\(linear.shape.rows) x \(linear.shape.columns)",
          linear.scheme.map { "\($0.bits)" } ?? "-",
          linear.group + (linear.scattersGroups ? " scattered" : ""),
          linear.zero,
        ] + (hasActivations ? [linear.activations?.words ?? "-"] : []) + [
          Numbers.percent(linear.recorded?.error.calibration),
          Numbers.percent(linear.recorded?.error.heldOut),
        ])
    }
    return table
  }

  private var zero: String {
    switch scheme?.points {
    case .symmetric: "symmetric"
    case .zeroPoint: "asymmetric"
    case .offset: "offset"
    case .table(let table): table.name
    case nil: "-"
    }
  }

  private var group: String {
    switch scheme?.granularity {
    case .group(let size): "\(size)"
    case .channel: "channel"
    case .tensor: "tensor"
    case .block(let rows, let columns): "\(rows)x\(columns)"
    case nil: "-"
    }
  }

  var json: JSONValue {
    [
      "name": .string(shape.name), "rows": .number(JSONNumber(shape.rows)),
      "columns": .number(JSONNumber(shape.columns)),
      "bits": scheme.map { .number(JSONNumber($0.bits)) } ?? .null, "group": .string(group),
      "scattered_groups": .bool(scattersGroups),
      "symmetric": scheme.map { .bool($0.isSymmetric) } ?? .null,
      "activations": activations?.json ?? .null,
      "recorded": recorded?.json ?? .null,
    ]
  }
}

extension ActivationQuantizer {
  /// "per token", "FP8 per 128", or the scale and zero point shared by all tokens.
  fileprivate var words: String {
    let symmetry = scheme.isSymmetric ? "" : ", asymmetric"
    let place =
      switch scheme.granularity {
      case .token: "per token\(symmetry)"
      case .group(let size): "per \(size)\(symmetry)"
      case .tensor:
        "scale \(grid?.scale ?? 1)" + (scheme.isSymmetric ? "" : ", zero \(grid?.zeroPoint ?? 0)")
      }
    return switch scheme.number {
    case .integer: place
    case .float: "FP8 \(place)"
    case .nvfp4: "NVFP4 \(place), divisor \(divisor ?? 1)"
    case .mxfp4: "MXFP4 \(place)"
    }
  }

  fileprivate var json: JSONValue {
    let bits = JSONValue.number(JSONNumber(scheme.bits))
    let symmetric = JSONValue.bool(scheme.isSymmetric)
    let type: JSONValue = scheme.number == .integer ? "int" : "float"
    if case .group(let size) = scheme.granularity {
      return [
        "bits": bits, "type": type, "per": "group", "symmetric": symmetric,
        "group_size": .number(JSONNumber(size)),
        "divisor": divisor.map { .number(JSONNumber(Double($0))) } ?? .null,
      ]
    }
    guard let grid else {
      return ["bits": bits, "type": type, "per": "token", "symmetric": symmetric]
    }
    return [
      "bits": bits, "type": type, "per": "tensor", "symmetric": symmetric,
      "scale": .number(JSONNumber(Double(grid.scale))),
      "zero_point": .number(JSONNumber(grid.zeroPoint)),
    ]
  }
}
