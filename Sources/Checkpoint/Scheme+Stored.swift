internal import JSON
internal import Quantizer

extension Scheme {
  /// The columns that share an entry in a file: formats have no scale for a whole tensor, so that
  /// one is stored for each row.
  ///
  /// - Precondition: the scheme fits the width; runs check that before they plan a file.
  func storedGroupSize(columns: Int) -> Int {
    if case .group(let size) = granularity { size } else { columns }
  }

  /// The scheme that a configuration states, for a Linear whose tensors show this group size.
  static func stored(
    _ bits: Int, symmetric: Bool, isGrouped: Bool, _ groupSize: Int
  ) throws(JSONError) -> Scheme {
    do throws(SchemeError) {
      return try Scheme(
        bits: bits, symmetric: symmetric, granularity: isGrouped ? .group(groupSize) : .channel)
    } catch {
      throw .wrongKind(
        path: "quantization_config", expected: "2 to 8 bits", found: "\(bits) bits")
    }
  }
}
