/// Integers as little-endian bytes.
package func littleEndian<Value: FixedWidthInteger>(_ values: some Sequence<Value>) -> [UInt8] {
  var bytes: [UInt8] = []
  for value in values {
    for byte in 0..<Value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * Value(byte))))
    }
  }
  return bytes
}
