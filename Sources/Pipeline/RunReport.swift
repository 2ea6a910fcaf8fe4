public import JSON
public import Solvers
internal import Transformer

/// What a run did, Linear by Linear.
public struct RunReport: Sendable {
  /// The name of the report's file in the output folder.
  public static let fileName = "ptq-report.json"

  /// The method's name on the command line.
  public let method: String
  /// The number of tokens in the statistics.
  public let calibrationTokens: Int
  /// The number of held-out tokens.
  public let heldOutTokens: Int
  /// How many of the calibration tokens are different; nil in reports of earlier versions.
  public let distinctTokens: Int?
  /// The file of importances that took the place of a calibration text; nil for none.
  public internal(set) var importance: String?
  /// Every Linear, in order of computation.
  public internal(set) var linears: [LinearReport]
  /// The Linears that stay as they are, since quantizing them failed.
  public internal(set) var unquantized: [FailedLinear] = []
  /// The embedding and the head, where they are quantized.
  public internal(set) var tables: [TableReport] = []
  /// The time of the run, in seconds; nil in the report of a folder, since the same run writes the same bytes.
  public internal(set) var seconds: Double?
  /// The seconds of it in each phase; empty in the report of a folder.
  public package(set) var phases: [RunPhase: Double] = [:]
  /// The most bytes that the process ever had in memory, with the pages of mapped files; nil in the report of a folder.
  public package(set) var peakMemory: Int?

  /// Whether the calibration text says the same again and again, so that neither the solvers nor the errors
  /// on held-out tokens know what other text is like.
  ///
  /// 2,048 tokens of ordinary text have some 700 different ones.
  public var repeatsItself: Bool {
    distinctTokens.map { $0 < min(256, calibrationTokens / 16) } ?? false
  }

  /// The mean number of bits of a quantized weight, with scales and zero points.
  public var bitsPerWeight: Double {
    let weights = linears.reduce(0) { $0 + $1.rows * $1.columns }
    let bits = linears.reduce(0) { $0 + $1.bitsPerWeight * Double($1.rows * $1.columns) }
    return weights > 0 ? bits / Double(weights) : 0
  }
}

/// What a run did to one Linear.
public struct LinearReport: Sendable, Equatable {
  /// The name of the Linear.
  public let name: String
  /// The number of outputs.
  public let rows: Int
  /// The number of inputs.
  public let columns: Int
  /// The stored bits per weight: codes, scales, zero points, and all else that the format keeps.
  public let bitsPerWeight: Double
  /// What was lost.
  public let error: LinearError
  /// The share of weights that lie beyond the ends of their grid.
  public let clippedShare: Double
  /// The number of rows of which hardly anything is left.
  public let lostRows: Int
  /// Whether its input channels were scaled.
  public let hasScaledInput: Bool
  /// What the rounding did to the statistics; nil if it used none.
  public let conditioning: Conditioning?
  /// The calibration tokens routed to the Linear's expert; nil outside a mixture.
  public let expertTokens: Int?

  /// Whether its codes are those of an earlier result, so that only the error of its weights is known.
  public var isTakenOver = false

  /// The report of the same Linear in a result that takes it over.
  var takenOver: LinearReport {
    LinearReport(
      name: name, rows: rows, columns: columns, bitsPerWeight: bitsPerWeight,
      error: LinearError(weight: error.weight, calibration: nil, heldOut: nil),
      clippedShare: clippedShare, lostRows: lostRows, hasScaledInput: hasScaledInput,
      conditioning: conditioning, expertTokens: expertTokens, isTakenOver: true)
  }

  /// Whether an expert saw fewer tokens than the Linear has inputs.
  ///
  /// Its Hessian then lacks full rank, and calibration says nothing about some directions.
  public var isUnderCalibrated: Bool { expertTokens.map { $0 < columns } ?? false }

  /// Whether more than half of the output is lost, to rounded weights and inputs together; on tokens
  /// that no solver saw if there are any.
  ///
  /// What is taken over has only the error of its weights, which says little: that of ternary weights is about half.
  public var isRuined: Bool {
    !isTakenOver
      && (error.heldOut ?? error.calibration ?? error.weight) + (error.activation ?? 0) > 0.5
  }
}

extension RunReport {
  /// The report as JSON.
  public var json: JSONValue {
    let members: JSONValue = [
      "method": .string(method), "calibration_tokens": .number(JSONNumber(calibrationTokens)),
      "held_out_tokens": .number(JSONNumber(heldOutTokens)),
      "distinct_calibration_tokens": distinctTokens.map { .number(JSONNumber($0)) } ?? .null,
      "seconds": .rounded(seconds),
      "bits_per_weight": .rounded(bitsPerWeight), "linears": .array(linears.map(\.json)),
    ]
    guard case .object(var object) = members else { return members }
    if let importance { object["importance"] = .string(importance) }
    if !unquantized.isEmpty { object["unquantized"] = .array(unquantized.map(\.json)) }
    if !tables.isEmpty { object["tables"] = .array(tables.map(\.json)) }
    return .object(object)
  }

  /// Reads a report from JSON.
  ///
  /// - Throws: ``JSONError`` when a member is missing or has the wrong type.
  public init(_ json: JSONValue) throws(JSONError) {
    method = try json.member("method").string
    calibrationTokens = try json.member("calibration_tokens").int
    heldOutTokens = try json.member("held_out_tokens").int
    distinctTokens = try json.optionalMember("distinct_calibration_tokens")?.int
    seconds = try json.optionalMember("seconds")?.double
    linears = []
    for field in try json.member("linears").array { linears.append(try LinearReport(field)) }
    importance = try json.optionalMember("importance")?.string
    unquantized = try FailedLinear.list(in: json.optionalMember("unquantized"))
    tables = try TableReport.list(in: json.optionalMember("tables"))
  }
}

extension LinearReport {
  /// The report as JSON.
  public var json: JSONValue {
    let members: JSONValue = [
      "name": .string(name), "rows": .number(JSONNumber(rows)),
      "columns": .number(JSONNumber(columns)), "bits_per_weight": .rounded(bitsPerWeight),
      "weight_error": .rounded(error.weight), "calibration_error": .rounded(error.calibration),
      "held_out_error": .rounded(error.heldOut), "activation_error": .rounded(error.activation),
      "model_output_error": .rounded(error.stream),
      "first_position_error": .rounded(error.first), "clipped": .rounded(clippedShare),
      "lost_rows": .number(JSONNumber(lostRows)),
      "scaled_input": .bool(hasScaledInput),
      "damping": .rounded(conditioning?.damping),
      "damping_retries": conditioning.map { .number(JSONNumber($0.retries)) } ?? .null,
      "dead_channels": conditioning.map { .number(JSONNumber($0.deadChannels)) } ?? .null,
    ]
    let result = members.adding("expert_tokens", expertTokens)
    guard isTakenOver, case .object(var object) = result else { return result }
    object["taken_over"] = true
    return .object(object)
  }

  init(_ json: JSONField) throws(JSONError) {
    name = try json.member("name").string
    rows = try json.member("rows").positive()
    columns = try json.member("columns").positive()
    bitsPerWeight = try json.member("bits_per_weight").double
    error = LinearError(
      weight: try json.member("weight_error").double,
      calibration: try json.optionalMember("calibration_error")?.double,
      heldOut: try json.optionalMember("held_out_error")?.double,
      activation: try json.optionalMember("activation_error")?.double,
      stream: try json.optionalMember("model_output_error")?.double,
      first: try json.optionalMember("first_position_error")?.double)
    // Reports of earlier versions have none of these members.
    clippedShare = try json.optionalMember("clipped")?.double ?? 0
    lostRows = try json.optionalMember("lost_rows")?.int ?? 0
    hasScaledInput = try json.optionalMember("scaled_input")?.bool ?? false
    expertTokens = try json.optionalMember("expert_tokens")?.int
    isTakenOver = try json.optionalMember("taken_over")?.bool ?? false
    guard let damping = try json.optionalMember("damping") else {
      conditioning = nil
      return
    }
    conditioning = Conditioning(
      damping: try damping.double, retries: try json.member("damping_retries").int,
      deadChannels: try json.member("dead_channels").int)
  }
}

extension JSONValue {
  /// An object with given members in their order, each name once.
  package init(members: [(String, JSONValue)]) {
    var object = JSONObject()
    for (name, value) in members { object[name] = value }
    self = .object(object)
  }

  /// A number with as many digits as a reader of reports needs; null for nil.
  package static func rounded(_ value: Double?) -> JSONValue {
    // A float's digits: errors are ratios of float32 sums.
    value.flatMap { JSONNumber(literal: "\(Float($0))") }.map { .number($0) } ?? .null
  }

  /// The object with one more member, or unchanged if the value is nil.
  package func adding(_ name: String, _ value: Int?) -> JSONValue {
    guard let value, case .object(var object) = self else { return self }
    object[name] = .number(JSONNumber(value))
    return .object(object)
  }

  /// A number with all its digits; null if it is not finite.
  package static func finite(_ value: Double) -> JSONValue {
    value.isFinite ? .number(JSONNumber(value)) : .null
  }
}
