internal import LinearAlgebra

/// Hands out stored arrays by name, after a check of their types and shapes.
struct StoredArrayReader {
  private var arrays: [String: StoredArray] = [:]

  init(_ arrays: [StoredArray]) {
    for array in arrays { self.arrays[array.name] = array }
  }

  /// An array that has not been handed out.
  var unread: String? { arrays.keys.min() }

  func has(_ name: String) -> Bool { arrays[name] != nil }

  mutating func floats(_ name: String, count: Int) throws(StatisticsError) -> [Float] {
    let array = try take(name, [count])
    guard case .floats(let values) = array.elements else { throw .type(name, needed: "float32") }
    return values
  }

  mutating func doubles(_ name: String, count: Int) throws(StatisticsError) -> [Double] {
    let array = try take(name, [count])
    guard case .doubles(let values) = array.elements else { throw .type(name, needed: "float64") }
    return values
  }

  mutating func counts(
    _ name: String, rows: Int, columns: Int
  ) throws(StatisticsError) -> [UInt32] {
    let array = try take(name, [rows, columns])
    guard case .counts(let values) = array.elements else { throw .type(name, needed: "uint32") }
    return values
  }

  /// Integers, as many as asked for, or any number for nil.
  mutating func integers(_ name: String, count: Int?) throws(StatisticsError) -> [Int64] {
    let array = try take(name, [count])
    guard case .integers(let values) = array.elements else { throw .type(name, needed: "int64") }
    return values
  }

  /// A matrix of this width, or of any for nil.
  mutating func matrix(_ name: String, columns: Int?) throws(StatisticsError) -> Matrix {
    let array = try take(name, [nil, columns])
    guard case .floats(let values) = array.elements else { throw .type(name, needed: "float32") }
    return Matrix(rows: array.shape[0], columns: array.shape[1], elements: values)
  }

  /// Removes an array whose axes have these lengths, or any where nil.
  private mutating func take(
    _ name: String, _ shape: [Int?]
  ) throws(StatisticsError) -> StoredArray {
    guard let array = arrays.removeValue(forKey: name) else { throw .missing(name) }
    let isRight =
      array.shape.count == shape.count
      && array.shape.indices.allSatisfy { shape[$0] == nil || shape[$0] == array.shape[$0] }
    guard isRight else {
      let needed = shape.indices.map { i in
        shape[i] ?? (i < array.shape.count ? array.shape[i] : 1)
      }
      throw .shape(name, found: array.shape, needed: needed)
    }
    return array
  }
}
