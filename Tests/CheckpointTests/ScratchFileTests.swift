// Matrices that wait in a file without a name.

import Checkpoint
import Glibc
import LinearAlgebra
import TestSupport
import Testing

@Suite struct `A scratch file` {
  @Test func `gives back what it was given, to the last bit`() throws {
    try TemporaryFolder.with { folder in
      let file = try ScratchFile(in: folder.path(""), slotElements: 100, count: 2)
      var odd = Matrix.gaussian(3, 7, seed: 1)
      (odd[0, 0], odd[1, 1], odd[2, 2]) = (.nan, -.infinity, .leastNonzeroMagnitude)
      let others = [Matrix.gaussian(10, 10, seed: 2), Matrix(rows: 0, columns: 5)]
      let (first, second) = (try file.store([odd]), try file.store(others))
      let shapes = others.map { (rows: $0.rows, columns: $0.columns) }
      #expect(try file.matrices(in: second, shapes) == others)
      let found = try file.matrices(in: first, [(3, 7)])[0]
      #expect(found.elements.map(\.bitPattern) == odd.elements.map(\.bitPattern))
      #expect(try folder.names(in: "") == [])
    }
  }

  @Test func `keeps what somebody holds, and uses again what nobody does`() throws {
    try TemporaryFolder.with { folder in
      let file = try ScratchFile(in: folder.path(""), slotElements: 4, count: 1)
      let kept = try file.store([Matrix(rows: 1, columns: 4) { Float($0 + $1) }])
      for i in 0..<100 {
        let slot = try file.store([Matrix(rows: 1, columns: 4) { _, _ in Float(i) }])
        #expect(
          try file.matrices(in: slot, [(1, 4)])[0].elements
            == [Float](repeating: Float(i), count: 4))
      }
      #expect(try file.matrices(in: kept, [(1, 4)])[0].elements == [0, 1, 2, 3])
    }
  }

  @Test func `needs a folder to write in, and room`() throws {
    try TemporaryFolder.with { folder in
      #expect {
        _ = try ScratchFile(in: folder.path("none"), slotElements: 1, count: 1)
      } throws: { "\($0)".contains("creating a scratch file failed: No such file or directory") }
      #expect {
        _ = try ScratchFile(in: folder.path(""), slotElements: 1 << 40, count: 1 << 20)
      } throws: {
        if case CheckpointError.noRoom? = $0 as? CheckpointError { true } else { false }
      }
    }
  }
}
