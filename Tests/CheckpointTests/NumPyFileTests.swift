// Files that NumPy wrote (Tools/make-numpy-goldens.py), files spelled out here, and damaged ones.

import Checkpoint
import Foundation
import LinearAlgebra
import TestSupport
import Testing

private let fixtures = Bundle.module.resourceURL?.appendingPathComponent("Fixtures").path ?? ""

private func names(refused: Bool) -> [String] {
  let all = (try? FileManager.default.contentsOfDirectory(atPath: fixtures)) ?? []
  return all.filter { $0.hasSuffix(".npy") && $0.hasPrefix("refused-") == refused }.sorted()
}

/// A file with a header as given, padded as NumPy pads.
private func file(_ header: String, data: [UInt8], version: UInt8 = 1) -> [UInt8] {
  var text = Array(header.utf8)
  let prefix = version == 1 ? 10 : 12
  text += [UInt8](repeating: 0x20, count: 63 - (prefix + text.count) % 64) + [0x0A]
  let length = (0..<prefix - 8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data
}

private let six = RawSafetensors.bytes([1, 2, 3, 4, 5, 6] as [Float])
private let valid = file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", data: six)

/// Reads all there is; only an error of the files may come out.
private func read(_ path: String) -> Matrix? {
  do throws(CheckpointError) {
    let file = try NumPyFile(path: path)
    return file.rows(0..<file.rows)
  } catch {
    return nil
  }
}

@Suite struct `A .npy file` {
  @Test(arguments: names(refused: false))
  func `that NumPy wrote is read in every type, order and version`(name: String) throws {
    let file = try NumPyFile(path: "\(fixtures)/\(name)")
    let axes = file.dimensions
    #expect(name.contains("-\(axes.count)d-"))
    #expect(name.hasPrefix(file.element.rawValue.dropFirst()))
    let matrix = file.rows(0..<file.rows)
    #expect(matrix.columns == axes.last)
    #expect(matrix.rows == axes.dropLast().reduce(1, *))
    for row in 0..<matrix.rows {
      for column in 0..<matrix.columns {
        // Row by row through the axes in front of the last.
        let i = axes.count == 3 ? row / axes[1] : 0
        let j = axes.count == 3 ? row % axes[1] : row
        #expect(matrix[row, column] == Float(100 * i + 10 * j + column) / 8)
      }
    }
    // Some rows are those of the whole.
    let last = file.rows - 1..<file.rows
    #expect(file.rows(last) == matrix.copy(rows: last))
  }

  @Test func `has a fixture of each kind`() { #expect(names(refused: false).count == 15) }

  @Test(arguments: names(refused: true))
  func `without floats is refused`(name: String) {
    expectFailure(name, ".npy") { try NumPyFile(path: "\(fixtures)/\(name)") }
  }

  @Test(arguments: [
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", "32 bytes, and 24"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", "12 bytes, and 24"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (6), }", "header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3), }", "header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", "header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }", "header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", "header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x", "header"),
    ("{'descr': '<f4', 'descr': '<f4', 'shape': (2, 3), }", "header"),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }", "header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "impossible"),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 0), }",
      "no element"
    ),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 0), }", "no element"),
    ("{'descr': '<f4\\', 'fortran_order': False, 'shape': (2, 3), }", "header"),
    ("", "header"),
  ])
  func `with a wrong header is refused`(header: String, word: String) throws {
    try TemporaryFolder.with { folder in
      try folder.write("a.npy", file(header, data: six))
      expectFailure(word) { try NumPyFile(path: folder.path("a.npy")) }
    }
  }

  @Test(arguments: [
    "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}",
    "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,3,)}",
  ])
  func `can have any order and spacing in its header`(header: String) throws {
    try TemporaryFolder.with { folder in
      for version in 1...3 as ClosedRange<UInt8> {
        try folder.write("a.npy", file(header, data: six, version: version))
        #expect(read(folder.path("a.npy"))?.elements == [1, 2, 3, 4, 5, 6])
      }
      try folder.write("a.npy", file(header, data: six, version: 4))
      expectFailure("version 4") { try NumPyFile(path: folder.path("a.npy")) }
    }
  }

  @Test func `truncated anywhere is refused`() throws {
    try TemporaryFolder.with { folder in
      for length in 0..<valid.count {
        try folder.write("a.npy", Array(valid[..<length]))
        #expect(read(folder.path("a.npy")) == nil, "cut at byte \(length) of \(valid.count)")
      }
      try folder.write("a.npy", valid + [0])
      #expect(read(folder.path("a.npy")) == nil)
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `with random damage is read or refused, and never traps`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let alphabet = Array("0123456789(),'{}: fFTrue<".utf8)
    try TemporaryFolder.with { folder in
      var count = 0
      for _ in 0..<1000 {
        var bytes = valid
        for _ in 0..<generator.integer(in: 1..<3) {
          let position = generator.integer(in: 0..<bytes.count - 24)
          switch generator.integer(in: 0..<4) {
          case 0: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
          case 1: bytes.swapAt(position, generator.integer(in: 0..<bytes.count))
          default: bytes[position] = alphabet[generator.integer(in: 0..<alphabet.count)]
          }
        }
        try folder.write("a.npy", bytes)
        if read(folder.path("a.npy")) != nil { count += 1 }
      }
      // Some damage is to elements only: if nothing were read, nothing would be tested.
      #expect(count > 0 && count < 900)
    }
  }
}

@Suite struct `A matrix in a file` {
  @Test func `is the only one in a safetensors file, or the one that is named`() throws {
    try TemporaryFolder.with { folder in
      let values: [Float] = [1, 2, 3, 4, 5, 6]
      try folder.write(
        "one.safetensors",
        RawSafetensors.file([
          .init("a.b.weight", "F32", [2, 3], six), .init("bias", "F32", [6], six),
        ]))
      let one = try MatrixFile(folder.path("one.safetensors"))
      #expect(one.name == "a.b")
      #expect(one.dimensions == [2, 3])
      #expect(try one.rows(0..<2).elements == values)
      #expect(try one.rows(1..<2).elements == [4, 5, 6])
      try folder.write(
        "two.safetensors",
        RawSafetensors.file([
          .init("a", "F16", [3, 2], FloatFormat.float16.encode(values)),
          .init("b", "F32", [2, 3], six), .init("c", "I32", [2, 3], six),
        ]))
      let two = try MatrixFile(folder.path("two.safetensors:a"))
      #expect(two.format == .float16)
      #expect(try two.rows(0..<3).elements == values)
      expectFailure("3 matrices", "two.safetensors:NAME", "a, b, c") {
        try MatrixFile(folder.path("two.safetensors"))
      }
      expectFailure("no tensor d", "a, b, c") { try MatrixFile(folder.path("two.safetensors:d")) }
      expectFailure("I32", "BF16") { try MatrixFile(folder.path("two.safetensors:c")) }
      expectFailure("neither") { try MatrixFile(folder.path("two.bin")) }
    }
  }

  @Test func `is read from .npy, and refused if it is not finite`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("w.npy", valid)
      let matrix = try MatrixFile(folder.path("w.npy"))
      #expect(matrix.name == "w")
      #expect(matrix.format == .float32)
      #expect(try matrix.rows(0..<2).elements == [1, 2, 3, 4, 5, 6])
      let bad = RawSafetensors.bytes([1, 2, 3, 4, .nan, 6] as [Float])
      try folder.write("w.npy", Array(valid.dropLast(24)) + bad)
      let damaged = try MatrixFile(folder.path("w.npy"))
      #expect(try damaged.rows(0..<1).elements == [1, 2, 3])
      expectFailure("NaN", "element 4") { try damaged.rows(1..<2) }
    }
  }

  @Test func `can be read after it was written, and never replaces another`() throws {
    try TemporaryFolder.with { folder in
      let path = folder.path("out.safetensors")
      try SafetensorsFile.write([(NamedShape("m", .float32, [2, 3]), six)], to: path)
      #expect(try MatrixFile(path).rows(0..<2).elements == [1, 2, 3, 4, 5, 6])
      #expect(try folder.names() == ["out.safetensors"])
      expectFailure("exists") {
        try SafetensorsFile.write([(NamedShape("m", .float32, [2, 3]), six)], to: path)
      }
    }
  }
}
