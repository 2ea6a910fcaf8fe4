internal import Checkpoint
internal import JSON

/// A file of text, of which only the beginning is read if that has enough tokens.
struct TextFile {
  private let file: MappedFile
  /// The bytes of a text that are tokenized at first.
  private let chunk: Int

  /// A file.
  ///
  /// - Throws: ``CheckpointError`` if it cannot be read.
  init(path: String, chunk: Int = 1 << 20) throws(CheckpointError) {
    file = try MappedFile(path: path)
    self.chunk = chunk
  }

  /// The tokens of the file as one text.
  ///
  /// - Parameters:
  ///   - needed: the number of tokens that are needed; nil for all.
  ///   - encode: makes tokens of a text.
  /// - Returns: the tokens, at least as many as are needed if the file has them.
  /// - Throws: ``InputError``.
  func tokens(
    atLeast needed: Int?, _ encode: (String) throws(InputError) -> [Int32]
  ) throws(InputError) -> [Int32] {
    var length = needed == nil ? file.byteCount : min(file.byteCount, chunk)
    while true {
      guard let cut = cut(from: length) else { return try encode(try text(0..<file.byteCount)) }
      let tokens = try encode(try text(0..<cut.position)).dropLast(cut.unsure)
      guard tokens.count < needed ?? .max else { return Array(tokens) }
      length = min(file.byteCount, 4 * max(1, length))
    }
  }

  /// The tokens of the records of a `.jsonl` file, each tokenized by itself.
  ///
  /// - Throws: ``InputError``, with the line.
  func recordTokens(
    atLeast needed: Int?, _ encode: (String) throws(InputError) -> [Int32]
  ) throws(InputError) -> [Int32] {
    var tokens: [Int32] = []
    // Some programs begin a file with a byte order mark.
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let isMarked = file.byteCount >= 3 && file.copy(0..<3) == mark
    var (start, line) = (isMarked ? 3 : 0, 0)
    while start < file.byteCount, tokens.count < needed ?? .max {
      // Only a line feed ends a line: JSON strings may hold all other separators of Unicode.
      let end = firstLineFeed(from: start)
      line += 1
      if let record = try record(start..<end, line: line) { tokens += try encode(record) }
      start = end + 1
    }
    return tokens
  }

  private func text(_ range: Range<Int>) throws(InputError) -> String {
    guard let text = String(validating: file.copy(range), as: UTF8.self) else {
      throw .notUTF8(path: file.path)
    }
    return text
  }

  /// The text of a record; nil for a blank line.
  private func record(_ range: Range<Int>, line: Int) throws(InputError) -> String? {
    let bytes = file.copy(range)
    guard !bytes.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) else { return nil }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8(path: file.path) }
    do throws(JSONError) {
      return try TextRecord(JSONValue(parsing: bytes).field).text
    } catch {
      throw .badRecord(path: file.path, line: line, reason: "\(error)")
    }
  }

  /// Where a text can be cut at or behind a position: between the end of a line and a letter or digit, or, in a
  /// very long line, in front of a word.
  ///
  /// Tokenizers cut there as well. What follows may change how they see what is neither letter nor digit at
  /// the end of the line, so as many tokens as that has bytes are unsure.
  private func cut(from position: Int) -> (position: Int, unsure: Int)? {
    var start = position
    var isAmongLines = true
    while start < file.byteCount {
      let next = firstLineFeed(from: start) + 1
      if isAmongLines, next - position > Self.longestLine {
        if let space = wordSpace(from: position) { return (space, Self.longestEnd) }
        isAmongLines = false
      }
      let after = scalars(min(file.byteCount, next)..<min(file.byteCount, next + 4)).first
      let before = scalars(
        max(0, min(file.byteCount, next) - Self.longestEnd)..<min(file.byteCount, next))
      if after?.isInWord == true, let last = before.lastIndex(where: \.isInWord) {
        return (next, before[last...].dropFirst().reduce(0) { $0 + UTF8.width($1) })
      }
      start = next
    }
    return nil
  }

  /// The position of the next single space between two letters.
  ///
  /// Nearly all tokenizers cut there as well; the tokens of the others differ only in the last few before the cut.
  private func wordSpace(from position: Int) -> Int? {
    let bytes = file.copy(position..<min(file.byteCount, position + Self.longestLine))
    let letters: Set<UInt8> = Set(UInt8(ascii: "a")...UInt8(ascii: "z"))
    return bytes.indices.dropFirst().dropLast().first {
      bytes[$0] == UInt8(ascii: " ") && letters.contains(bytes[$0 - 1])
        && letters.contains(bytes[$0 + 1])
    }.map { position + $0 }
  }

  /// The bytes of a line that are read to find its end before it is cut elsewhere.
  private static let longestLine = 1 << 20

  /// The most bytes at the end of a line that are neither letters nor digits.
  private static let longestEnd = 64

  /// The characters of a few bytes, of which the first or the last may be cut.
  private func scalars(_ range: Range<Int>) -> String.UnicodeScalarView {
    String(decoding: file.copy(range), as: UTF8.self).unicodeScalars
  }

  private func firstLineFeed(from start: Int) -> Int {
    file.withBytes(start..<file.byteCount) { bytes in
      // Safety: the offsets are below the number of bytes; any bits are a byte.
      let offset = (0..<bytes.byteCount).first {
        unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == 0x0A
      }
      return start + (offset ?? bytes.byteCount)
    }
  }
}

extension Unicode.Scalar {
  /// Whether it is a letter or a digit.
  fileprivate var isInWord: Bool { properties.isAlphabetic || properties.numericType != nil }
}
