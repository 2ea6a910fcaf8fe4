public import JSON

extension JSONField {
  /// The positive integer of a member, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but a positive integer of at most 2³¹ − 1.
  public func positive(
    _ name: String, default value: Int? = nil, atMost limit: Int = Int(Int32.max)
  ) throws(JSONError) -> Int {
    if let value, try optionalMember(name) == nil { return value }
    return try member(name).positive(atMost: limit)
  }

  /// The value as a positive integer: at most 2³¹ − 1, so that no product of two of them overflows.
  ///
  /// - Throws: ``JSONError`` for anything else.
  public func positive(atMost limit: Int = Int(Int32.max)) throws(JSONError) -> Int {
    let int = try int
    guard int > 0, int <= limit else {
      throw .wrongKind(
        path: path, expected: "a positive integer of at most \(limit)", found: "\(int)")
    }
    return int
  }

  /// The value as a number of things: 0 to 2³¹ − 1.
  ///
  /// - Throws: ``JSONError`` for anything else.
  var natural: Int {
    get throws(JSONError) {
      let int = try int
      guard (0...Int(Int32.max)).contains(int) else {
        throw .wrongKind(
          path: path, expected: "an integer from 0 to \(Int32.max)", found: "\(int)")
      }
      return int
    }
  }

  /// The value as something to multiply by.
  ///
  /// - Throws: ``JSONError`` for anything but a number from 10⁻¹⁵ to 10¹⁵.
  var multiplier: Double {
    get throws(JSONError) {
      let value = try double
      guard (1e-15...1e15).contains(value) else {
        throw .wrongKind(
          path: path, expected: "a number from 10^-15 to 10^15", found: "\(value)")
      }
      return value
    }
  }

  /// The value as a number in a range, beyond which nothing can be computed.
  ///
  /// - Throws: ``JSONError`` for anything else.
  func double(in range: ClosedRange<Double>) throws(JSONError) -> Double {
    let value = try double
    guard range.contains(value) else {
      throw .wrongKind(
        path: path, expected: "a number from \(range.lowerBound) to \(range.upperBound)",
        found: "\(value)")
    }
    return value
  }

  /// The boolean of a member, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but a boolean.
  public func flag(_ name: String, default value: Bool = false) throws(JSONError) -> Bool {
    try optionalMember(name)?.bool ?? value
  }
}
