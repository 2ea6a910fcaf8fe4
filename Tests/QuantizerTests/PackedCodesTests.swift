import Quantizer
import TestSupport
import Testing

/// Codes of one line packed into words.
private func words(_ codes: [Int], bits: Int) -> [UInt32] {
  PackedCodes(
    codes.map(UInt8.init), rows: 1, columns: codes.count, bits: bits, .alongRows
  ).words
}

private func randomCodes(_ count: Int, bits: Int, seed: UInt64) -> [UInt8] {
  var generator = SplitMix64(seed: seed)
  return (0..<count).map { _ in UInt8(generator.integer(in: 0..<1 << bits)) }
}

@Suite struct `Packed codes` {
  @Test(arguments: 1...8, [1, 2, 3, 5, 7, 8, 10, 11, 16, 31, 32, 33, 64, 65])
  func `every bit is at its place in the stream`(bits: Int, length: Int) {
    let codes = randomCodes(3 * length, bits: bits, seed: 1)
    let packed = PackedCodes(codes, rows: 3, columns: length, bits: bits, .alongRows)
    #expect(packed.wordRows == 3)
    #expect(packed.wordColumns == PackedCodes.wordCount(of: length, bits: bits))
    for row in 0..<3 {
      for bit in 0..<packed.wordColumns * 32 {
        let isSet = packed.words[row * packed.wordColumns + bit / 32] >> (bit % 32) & 1
        let (index, place) = (bit / bits, bit % bits)
        let expected = index < length ? codes[row * length + index] >> place & 1 : 0
        #expect(isSet == UInt32(expected))
      }
    }
  }

  @Test(arguments: 1...8, [PackedCodes.Direction.alongRows, .alongColumns])
  func `unpacking is the inverse of packing`(bits: Int, direction: PackedCodes.Direction) {
    for (rows, columns) in [(1, 1), (1, 33), (33, 1), (5, 7), (17, 31), (32, 64), (63, 65)] {
      let codes = randomCodes(rows * columns, bits: bits, seed: UInt64(rows))
      let packed = PackedCodes(codes, rows: rows, columns: columns, bits: bits, direction)
      #expect(packed.unpacked(rows: rows, columns: columns, bits: bits, direction) == codes)
      let read = PackedCodes(
        wordRows: packed.wordRows, wordColumns: packed.wordColumns, words: packed.words)
      #expect(read == packed)
    }
  }

  @Test(arguments: 1...8)
  func `columns of a matrix pack as rows of its transpose`(bits: Int) {
    let (rows, columns) = (37, 6)
    let codes = randomCodes(rows * columns, bits: bits, seed: 2)
    let transposed = (0..<columns * rows).map { codes[$0 % rows * columns + $0 / rows] }
    let down = PackedCodes(codes, rows: rows, columns: columns, bits: bits, .alongColumns)
    let across = PackedCodes(transposed, rows: columns, columns: rows, bits: bits, .alongRows)
    #expect(down.wordRows == across.wordColumns && down.wordColumns == across.wordRows)
    for i in 0..<down.wordRows {
      for j in 0..<down.wordColumns {
        #expect(
          down.words[i * down.wordColumns + j] == across.words[j * across.wordColumns + i])
      }
    }
  }

  @Test func `known words of GPTQ`() {
    #expect(words([1, 2, 3, 4, 5, 6, 7, 15], bits: 4) == [0xF765_4321])
    // The zero point of a symmetric grid, as it is and minus one.
    func constant(_ code: Int, bits: Int) -> [UInt32] {
      words([Int](repeating: code, count: 32), bits: bits)
    }
    #expect(constant(1, bits: 2) == [0x5555_5555, 0x5555_5555])
    #expect(constant(2, bits: 2) == [0xAAAA_AAAA, 0xAAAA_AAAA])
    #expect(constant(7, bits: 4).allSatisfy { $0 == 0x7777_7777 })
    #expect(constant(8, bits: 4).allSatisfy { $0 == 0x8888_8888 })
    #expect(constant(127, bits: 8).allSatisfy { $0 == 0x7F7F_7F7F })
    #expect(constant(128, bits: 8).allSatisfy { $0 == 0x8080_8080 })
    #expect(constant(3, bits: 3) == [0xDB6D_B6DB, 0xB6DB_6DB6, 0x6DB6_DB6D])
    #expect(constant(4, bits: 3) == [0x2492_4924, 0x4924_9249, 0x9249_2492])
  }

  @Test func `known words of compressed-tensors`() {
    func signed(_ values: [Int], bits: Int) -> [UInt32] {
      words(values.map { $0 + 1 << (bits - 1) }, bits: bits)
    }
    #expect(signed(Array(-8...7), bits: 4) == [0x7654_3210, 0xFEDC_BA98])
    let two = [-2, -1, 0, 1]
    #expect(signed(two + two + two + two, bits: 2) == [0xE4E4_E4E4])
    #expect(signed([-128, -1, 0, 127], bits: 8) == [0xFF80_7F00])
    #expect(
      signed((0..<32).map { $0 % 8 - 4 }, bits: 3) == [0x88FA_C688, 0xC688_FAC6, 0xFAC6_88FA])
  }

  @Test func `a code with too many bits is refused`() async {
    await #expect(processExitsWith: .failure) {
      _ = PackedCodes([1, 16], rows: 1, columns: 2, bits: 4, .alongRows)
    }
  }
}
