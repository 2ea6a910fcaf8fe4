internal import Checkpoint
internal import LinearAlgebra

// The older kind of importance file (`.dat`), little-endian, of 32-bit integers and floats:
//
//   number of entries
//   each entry   length, bytes of the name; calls; number of values, the values
//   optional     number of chunks; length, bytes of the text's name
//
// A value is the mean square of a channel times the number of calls, so the number of tokens is not known.

/// The entries of a file of the older kind.
struct LegacyImportance {
  /// What is known of a tensor.
  struct Entry {
    let name: String
    let calls: Int
    let values: [Float]
  }

  let entries: [Entry]

  /// Longer than any name of a tensor.
  private static let longestName = 1024

  /// Reads a file.
  ///
  /// - Throws: ``CheckpointError`` if it is not of this kind, or ends too early.
  init(path: String) throws(CheckpointError) {
    let file = try MappedFile(path: path)
    var position = 0
    func take(_ count: Int, _ what: String) throws(CheckpointError) -> [UInt8] {
      guard count >= 0, count <= file.byteCount - position else {
        throw .unsupported(
          path: path,
          reason: "is no importance file: it ends in the middle of \(what), at byte \(position)")
      }
      defer { position += count }
      return file.copy(position..<position + count)
    }
    func integer(
      _ what: String, in range: ClosedRange<Int32>
    ) throws(CheckpointError) -> Int {
      let bytes = try take(4, what)
      let value = bytes.reversed().reduce(UInt32.zero) { $0 << 8 | UInt32($1) }
      let number = Int32(bitPattern: value)
      guard range.contains(number) else {
        throw .unsupported(
          path: path,
          reason: "is no importance file: \(what) is \(number), and \(range.lowerBound) to "
            + "\(range.upperBound) are possible")
      }
      return Int(number)
    }
    var found: [Entry] = []
    for _ in 0..<(try integer("the number of entries", in: 1...1 << 20)) {
      let length = try integer(
        "the length of a name", in: 1...Int32(Self.longestName))
      let name = String(decoding: try take(length, "a name"), as: UTF8.self)
      let calls = try integer("the calls of \(name)", in: .min ... .max)
      let count = try integer("the number of values of \(name)", in: 1...1 << 24)
      let bytes = try take(4 * count, "the values of \(name)")
      // Safety: bytes have no padding.
      found.append(
        Entry(
          name: name, calls: calls, values: unsafe FloatFormat.float32.decode(bytes.span.bytes)))
    }
    entries = found
  }
}
