internal import Formats
internal import JSON

/// What a search for bits knows about Linears that are stored alike.
struct MeasuredSet {
  let linears: [LinearShape]
  /// The squared output error for each choice of bits, summed over the calibration tokens.
  var losses: [Double]
  /// The divergence of the predictions when only these Linears are quantized, with the reference bits;
  /// nil until the whole model has been passed.
  var divergence: Double?

  init(_ linears: [LinearShape], choices: Int) {
    self.linears = linears
    losses = [Double](repeating: 0, count: choices)
  }

  var weights: Int { linears.reduce(0) { $0 + $1.rows * $1.columns } }

  /// The divergence for each choice; 0 where no token has seen the Linears.
  func predictions(reference: Int) -> [Double] {
    losses.map { losses[reference] > 0 ? (divergence ?? 0) * $0 / losses[reference] : 0 }
  }
}

extension MeasuredSet {
  /// The set as it was kept in a journal.
  ///
  /// - Throws: `JSONError` unless there is a loss for each choice.
  init(_ linears: [LinearShape], choices: Int, _ json: JSONField) throws(JSONError) {
    self.linears = linears
    losses = []
    for loss in try json.member("losses").array { losses.append(try loss.exactDouble) }
    guard losses.count == choices else {
      throw .wrongKind(
        path: json.path, expected: "losses of \(choices) choices", found: "\(losses.count)")
    }
    divergence = try json.optionalMember("divergence")?.exactDouble
  }

  /// The set for a journal, with the names of its Linears for the reader's eyes.
  var json: JSONValue {
    var json = JSONObject()
    json["linears"] = .array(linears.map { .string($0.name) })
    json["losses"] = .array(losses.map { .string($0.description) })
    if let divergence { json["divergence"] = .string(divergence.description) }
    return .object(json)
  }
}

extension JSONField {
  /// A number that was written as a string, since JSON has no infinity.
  fileprivate var exactDouble: Double {
    get throws(JSONError) {
      let text = try string
      guard let value = Double(text) else {
        throw .wrongKind(path: path, expected: "a number in quotes", found: text)
      }
      return value
    }
  }
}
