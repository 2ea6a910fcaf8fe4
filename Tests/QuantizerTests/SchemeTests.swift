import Quantizer
import TestSupport
import Testing

@Suite struct `A scheme` {
  @Test(arguments: [-1, 0, 1, 9, 16])
  func `has two to eight bits`(bits: Int) {
    #expect(throws: SchemeError.unsupportedBits(bits)) {
      try Scheme(bits: bits, symmetric: true, granularity: .channel)
    }
    #expect(SchemeError.unsupportedBits(bits).description.contains("2 to 8"))
  }

  @Test(arguments: [0, -1, -128])
  func `has groups of at least one column`(size: Int) {
    #expect(throws: SchemeError.unsupportedGroupSize(size)) {
      try Scheme(bits: 4, symmetric: true, granularity: .group(size))
    }
  }

  @Test(arguments: [LevelTable.nf4, .e2m1, .e4m3])
  func `has the bits of its table`(table: LevelTable) throws {
    let scheme = try Scheme(bits: table.bits, points: .table(table), granularity: .channel)
    #expect(scheme.largestCode == table.values.count - 1 && !scheme.isSymmetric)
    let error = SchemeError.tableBits(3, table: table.name, needed: table.bits)
    #expect(throws: error) {
      try Scheme(bits: 3, points: .table(table), granularity: .channel)
    }
    #expect(error.description == "the levels of \(table.name) need \(table.bits) bits, not 3")
  }

  @Test(arguments: 2...8)
  func `counts its codes`(bits: Int) throws {
    let scheme = try Scheme(bits: bits, symmetric: true, granularity: .tensor)
    #expect(scheme.largestCode == [3, 7, 15, 31, 63, 127, 255][bits - 2])
    #expect(scheme.middleCode == [2, 4, 8, 16, 32, 64, 128][bits - 2])
  }

  @Test func `determines how many columns share a scale`() throws {
    for granularity in [Scheme.Granularity.tensor, .channel] {
      let scheme = try Scheme(bits: 4, symmetric: true, granularity: granularity)
      #expect(try scheme.groupSize(columns: 77) == 77)
    }
    let grouped = try Scheme(bits: 4, symmetric: true, granularity: .group(32))
    #expect(try grouped.groupSize(columns: 96) == 32)
  }

  @Test(arguments: [
    (96, 64, "8, 16, 24, 32, 48, 96"), (100, 32, "1, 2, 4, 5, 10, 20, 25, 50, 100"),
    (7, 2, "1, 7"), (4096, 3000, "8, 16, 32, 64, 128, 256"),
  ])
  func `names the group sizes that fit`(columns: Int, size: Int, fitting: String) throws {
    let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(size))
    let error = SchemeError.indivisible(columns: columns, groupSize: size)
    #expect(throws: error) { try scheme.groupSize(columns: columns) }
    #expect(
      error.description
        == "group size \(size) does not divide the input width \(columns); "
        + "sizes that fit: \(fitting)")
  }
}
