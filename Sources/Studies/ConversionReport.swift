internal import Checkpoint
internal import Formats
public import JSON
internal import Pipeline

/// What a conversion did.
public struct ConversionReport: Sendable, Equatable {
  /// The format of the input.
  public let from: String
  /// The format of the output.
  public let to: String
  /// The number of quantized Linears.
  public let linears: Int
  /// The number of quantized weights.
  public let weights: Int
  /// The mean number of bits of a quantized weight, with scales and zero points.
  public let bitsPerWeight: Double
  /// The Linears left in floating point.
  public let dense: [String]
  /// How many bits of each code were kept, if not all.
  public let keptBits: Int?
  /// The time of the conversion, in seconds.
  public let seconds: Double

  init(_ plan: ConversionPlan, from: String, to: String, keptBits: Int?, seconds: Double) {
    let shapes = plan.blocks.joined().map(\.shape)
    let bytes = plan.byteCounts.values.reduce(0, +)
    self.from = from
    self.to = to
    linears = shapes.count
    weights = shapes.reduce(0) { $0 + $1.rows * $1.columns }
    bitsPerWeight = 8 * Double(bytes) / Double(max(1, weights))
    dense = plan.dense
    self.keptBits = keptBits
    self.seconds = seconds
  }

  /// The report as JSON.
  public var json: JSONValue {
    [
      "from": .string(from), "to": .string(to), "linears": .number(JSONNumber(linears)),
      "weights": .number(JSONNumber(weights)), "bits_per_weight": .rounded(bitsPerWeight),
      "dense": .array(dense.map { .string($0) }),
      "kept_bits": keptBits.map { .number(JSONNumber($0)) } ?? .null, "seconds": .rounded(seconds),
    ]
  }
}
