/// Integers as little-endian bytes.
///
/// Other rooms pack millions of words with it, so it is inlinable: a generic function that is not
/// specialized costs them seconds.
@inlinable
package func littleEndian<Value: FixedWidthInteger>(_ values: some Sequence<Value>) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(values.underestimatedCount * (Value.bitWidth / 8))
  for value in values {
    for byte in 0..<Value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * Value(byte))))
    }
  }
  return bytes
}
