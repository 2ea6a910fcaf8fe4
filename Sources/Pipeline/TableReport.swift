public import JSON
internal import Transformer

/// What a run did to the embedding or the head.
public struct TableReport: Sendable, Equatable {
  /// Its name.
  public let name: String
  /// The number of tokens.
  public let rows: Int
  /// The width of a token's vector.
  public let columns: Int
  /// The stored bits per weight: codes, scales and offsets.
  public let bitsPerWeight: Double
  /// ‖W − Ŵ‖² / ‖W‖².
  public let weightError: Double
}

extension TableReport {
  /// The report as JSON.
  public var json: JSONValue {
    [
      "name": .string(name), "rows": .number(JSONNumber(rows)),
      "columns": .number(JSONNumber(columns)), "bits_per_weight": .rounded(bitsPerWeight),
      "weight_error": .rounded(weightError),
    ]
  }

  private init(_ json: JSONField) throws(JSONError) {
    name = try json.member("name").string
    rows = try json.member("rows").positive()
    columns = try json.member("columns").positive()
    bitsPerWeight = try json.member("bits_per_weight").double
    weightError = try json.member("weight_error").double
  }

  /// Reads the member of a report, which only some have.
  static func list(in field: JSONField?) throws(JSONError) -> [TableReport] {
    var result: [TableReport] = []
    for item in try field?.array ?? [] { result.append(try TableReport(item)) }
    return result
  }
}
