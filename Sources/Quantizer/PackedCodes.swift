/// Codes of any width from 1 to 8 bits, packed densely into 32-bit words.
///
/// Element i of a line occupies the bits i·b … i·b + b − 1 of the line's bit stream, which is cut
/// into words, lowest bits first; an element may straddle two words. GPTQ's layouts for 2, 3, 4 and
/// 8 bits and the layout of compressed-tensors for any number of bits are this stream. They differ
/// only in whether a line is a row or a column of the matrix of codes.
public struct PackedCodes: Sendable, Equatable {
  /// The direction of the bit streams.
  public enum Direction: Sendable {
    /// Each row is a stream: words are `[rows, ⌈columns·b/32⌉]`.
    case alongRows
    /// Each column is a stream: words are `[⌈rows·b/32⌉, columns]`.
    case alongColumns
  }

  /// The number of rows of words.
  public let wordRows: Int
  /// The number of columns of words.
  public let wordColumns: Int
  /// The words, row by row.
  public let words: [UInt32]

  /// Words as they were read.
  ///
  /// - Precondition: `words.count == wordRows * wordColumns`.
  public init(wordRows: Int, wordColumns: Int, words: [UInt32]) {
    precondition(words.count == wordRows * wordColumns, "\(words.count) words")
    self.wordRows = wordRows
    self.wordColumns = wordColumns
    self.words = words
  }

  /// The number of words in a line of a given number of codes.
  public static func wordCount(of codes: Int, bits: Int) -> Int { (codes * bits + 31) / 32 }

  /// Packs a matrix of codes.
  ///
  /// - Precondition: every code is below 2^bits, and there are `rows * columns` of them.
  public init(_ codes: [UInt8], rows: Int, columns: Int, bits: Int, _ direction: Direction) {
    precondition(codes.count == rows * columns, "\(codes.count) codes for \(rows) x \(columns)")
    let lines = Lines(rows: rows, columns: columns, bits: bits, direction)
    var words = [UInt32](repeating: 0, count: lines.count * lines.wordsPerLine)
    for line in 0..<lines.count {
      for i in 0..<lines.length {
        let code = UInt64(codes[lines.code(line, i)])
        precondition(code >> bits == 0, "code \(code) does not fit \(bits) bits")
        let (word, shift) = (i * bits / 32, i * bits % 32)
        let placed = code << shift
        words[lines.word(line, word)] |= UInt32(truncatingIfNeeded: placed)
        if shift + bits > 32 {
          words[lines.word(line, word + 1)] |= UInt32(truncatingIfNeeded: placed >> 32)
        }
      }
    }
    self.init(
      wordRows: direction == .alongRows ? rows : lines.wordsPerLine,
      wordColumns: direction == .alongRows ? lines.wordsPerLine : columns, words: words)
  }

  /// Unpacks to a matrix of codes, row by row.
  ///
  /// - Precondition: there are as many words as packing such a matrix gives.
  public func unpacked(rows: Int, columns: Int, bits: Int, _ direction: Direction) -> [UInt8] {
    let lines = Lines(rows: rows, columns: columns, bits: bits, direction)
    precondition(words.count == lines.count * lines.wordsPerLine, "\(words.count) words")
    var codes = [UInt8](repeating: 0, count: rows * columns)
    let mask = UInt64(1) << bits - 1
    for line in 0..<lines.count {
      for i in 0..<lines.length {
        let (word, shift) = (i * bits / 32, i * bits % 32)
        var window = UInt64(words[lines.word(line, word)])
        if shift + bits > 32 { window |= UInt64(words[lines.word(line, word + 1)]) << 32 }
        codes[lines.code(line, i)] = UInt8(truncatingIfNeeded: window >> shift & mask)
      }
    }
    return codes
  }
}

/// The positions of the codes and words of each bit stream.
private struct Lines {
  let count: Int
  let length: Int
  let wordsPerLine: Int
  let isAlongRows: Bool

  init(rows: Int, columns: Int, bits: Int, _ direction: PackedCodes.Direction) {
    isAlongRows = direction == .alongRows
    (count, length) = isAlongRows ? (rows, columns) : (columns, rows)
    wordsPerLine = PackedCodes.wordCount(of: length, bits: bits)
  }

  func code(_ line: Int, _ i: Int) -> Int { isAlongRows ? line * length + i : i * count + line }

  func word(_ line: Int, _ i: Int) -> Int {
    isAlongRows ? line * wordsPerLine + i : i * count + line
  }
}
