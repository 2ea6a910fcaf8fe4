// A folder that is written in several sittings, and by one run at a time.

import Checkpoint
import Foundation
import JSON
import LinearAlgebra
import Remedies
import TestSupport
import Testing

private let tensors = (0..<7).map {
  NamedShape("model.\($0).weight\n\"\($0)\"", .float32, [3, 2 + $0])
}

private func bytes(_ tensor: NamedShape) -> [UInt8] {
  let count = (tensor.shape.byteCount ?? 0) / 4
  return RawSafetensors.bytes((0..<count).map { Float($0) + Float(count) / 100 })
}

extension FolderSink {
  fileprivate func write(_ tensor: NamedShape) throws { try write(tensor.name, bytes(tensor)) }

  /// Writes what is not written yet.
  fileprivate func writeRest() throws {
    for tensor in tensors where !isWritten(tensor.name) { try write(tensor) }
    try writeFile("config.json", Array("{}".utf8))
    try finish()
  }
}

extension TemporaryFolder {
  fileprivate func open(largestShard: Int = 70) throws -> FolderSink {
    try FolderSink(path: path("out"), tensors: tensors, largestShard: largestShard)
  }

  fileprivate func reopen(largestShard: Int = 70) throws -> FolderSink {
    try FolderSink(reopening: path("out"), tensors: tensors, largestShard: largestShard)
  }

  /// The files of a folder with their bytes.
  fileprivate func contents(of name: String) throws -> [String: [UInt8]] {
    let names = try names(in: name)
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try read("\(name)/\($0)")) })
  }

  /// The files that a run without a break writes.
  fileprivate func uninterrupted() throws -> [String: [UInt8]] {
    try FolderSink(path: path("whole"), tensors: tensors, largestShard: 70).writeRest()
    return try contents(of: "whole")
  }
}

@Suite struct `A folder written in several sittings` {
  @Test(arguments: [[0], [3], [7], [2, 0, 4], [1, 1, 1, 1]])
  func `has the bytes of one written at once`(sittings: [Int]) throws {
    try TemporaryFolder.with { folder in
      let expected = try folder.uninterrupted()
      #expect(expected.count > 3)
      // Last first, so that what is written is not where the file begins.
      var waiting = tensors
      for (i, count) in sittings.enumerated() {
        let sink = try i == 0 ? folder.open() : folder.reopen()
        for tensor in tensors {
          #expect(sink.isWritten(tensor.name) == !waiting.contains(tensor))
        }
        for _ in 0..<count { try sink.write(waiting.removeLast()) }
        try sink.writeFile("config.json", Array("not the last word".utf8))
        try sink.close()
        #expect(try folder.names() == [".out.partial", "whole"])
      }
      #expect(FolderSink.canReopen(folder.path("out")))
      try folder.reopen().writeRest()
      #expect(try folder.contents(of: "out") == expected)
      #expect(try folder.names() == ["out", "whole"])
      #expect(!FolderSink.canReopen(folder.path("out")))
    }
  }

  @Test func `counts on nothing that was not recorded when a run was killed`() throws {
    try TemporaryFolder.with { folder in
      let expected = try folder.uninterrupted()
      let sink = try folder.open()
      try sink.write(tensors[4])
      try sink.sync()
      try sink.write(tensors[1])
      // What a killed process leaves is what is on disk now, and a record with a torn last line.
      let left = try folder.contents(of: ".out.partial")
      try sink.close()
      for (name, bytes) in left {
        try folder.write(".out.partial/\(name)", bytes + (name == ".written" ? [34, 109] : []))
      }
      let other = try folder.reopen()
      #expect(tensors.filter { other.isWritten($0.name) } == [tensors[4]])
      try other.write(tensors[6])
      try other.close()
      let last = try folder.reopen()
      #expect(tensors.filter { last.isWritten($0.name) } == [tensors[4], tensors[6]])
      try last.writeRest()
      #expect(try folder.contents(of: "out") == expected)
    }
  }

  @Test func `is only continued with the same tensors`() throws {
    try TemporaryFolder.with { folder in
      let sink = try folder.open()
      try sink.write(tensors[0])
      try sink.close()
      let before = try folder.contents(of: ".out.partial")
      let others = [
        tensors + [NamedShape("more", .float32, [1])], Array(tensors.dropFirst()),
        tensors.map { NamedShape($0.name, .int32, $0.shape.dimensions) },
      ]
      for other in others {
        expectFailure("interrupted run", "other tensors") {
          try FolderSink(reopening: folder.path("out"), tensors: other, largestShard: 70)
        }
      }
      expectFailure("other tensors") { try folder.reopen(largestShard: 1000) }
      #expect(try folder.contents(of: ".out.partial") == before)
      #expect(try folder.reopen().isWritten(tensors[0].name))
    }
  }

  @Test func `is removed by a run that starts anew`() throws {
    try TemporaryFolder.with { folder in
      try folder.open().close()
      try folder.write(".out.partial/deep/left", "by another version")
      let sink = try folder.open(largestShard: 1000)
      #expect(try folder.names(in: ".out.partial") == [".written", "model.safetensors"])
      for tensor in tensors { try sink.write(tensor) }
      try sink.finish()
      #expect(try folder.names(in: "out") == ["model.safetensors"])
    }
  }

  @Test func `leaves nothing behind, even if it was killed in the last instant`() throws {
    try TemporaryFolder.with { folder in
      let sink = try folder.open()
      for tensor in tensors { try sink.write(tensor) }
      try sink.finish(made: ["by": "a test"])
      let whole = try folder.contents(of: "out")
      try folder.write("out/.written", "")
      try folder.write("out/.run/journal.json", "{}")
      expectFailure("exists") { try FolderSink.checkIsFree(folder.path("out")) }
      #expect(try folder.contents(of: "out") == whole)
      // A folder that no run has made stays as it is.
      try folder.write("mine/.written", "")
      expectFailure("exists") { try FolderSink.checkIsFree(folder.path("mine")) }
      #expect(try folder.names(in: "mine") == [".written"])
    }
  }

  @Test func `is known to be a run's from its first instant to its last`() throws {
    try TemporaryFolder.with { folder in
      _ = try folder.open()
      // As after a kill between the first file and the second one.
      try folder.write(".out.partial/.written", "")
      try folder.write(".out.partial/model.safetensors", "cut")
      _ = try folder.open()
    }
  }

  @Test func `is never a folder that no run has left`() throws {
    try TemporaryFolder.with { folder in
      try folder.write(".out.partial/letter", "mine")
      expectFailure("files that are not those of an interrupted run; move it away") {
        _ = try folder.open()
      }
      #expect(try folder.names(in: ".out.partial") == ["letter"])
    }
  }

  @Test func `cannot be continued where nothing was begun`() throws {
    try TemporaryFolder.with { folder in
      #expect(!FolderSink.canReopen(folder.path("out")))
      expectFailure(".out.partial: not found; there is no interrupted run") { try folder.reopen() }
      try folder.write(".out.partial/.written", "\"model.0")
      expectFailure("other tensors") { try folder.reopen() }
      try folder.write(".out.partial/.written", "nonsense\n")
      expectFailure(".written: ") { try folder.reopen() }
      #expect(try folder.names() == [".out.partial"])
      try folder.write("out", "")
      expectFailure("exists") { try folder.reopen() }
    }
  }
}

@Suite struct `Two runs to the same place` {
  @Test func `do not disturb each other`() throws {
    try TemporaryFolder.with { folder in
      let first = try folder.open()
      try first.write(tensors[0])
      for attempt in [folder.open, folder.reopen] {
        expectFailure(
          ".out.partial: another run is writing", remedies: [.chooseAnotherOutput]
        ) { try attempt(70) }
      }
      let elsewhere = try FolderSink(path: folder.path("other"), tensors: tensors)
      try elsewhere.writeRest()
      try first.writeRest()
      #expect(try folder.names() == ["other", "out"])
    }
  }

  @Test func `do not wait for one that failed`() throws {
    try TemporaryFolder.with { folder in
      func fail() throws { try folder.open().write(tensors[0]) }
      try fail()
      #expect(try folder.names().isEmpty)
      try folder.open().writeRest()
      #expect(try folder.names() == ["out"])
    }
  }

  @Test func `are not led astray by a link or a file in the place of the hidden folder`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("precious/data", "data")
      try FileManager.default.createSymbolicLink(
        atPath: folder.path(".out.partial"), withDestinationPath: folder.path("precious"))
      expectFailure(".out.partial: opening the folder failed") { try folder.open() }
      try folder.remove(".out.partial")
      try folder.write(".out.partial", "a file")
      expectFailure(".out.partial: opening the folder failed") { try folder.open() }
      #expect(try folder.names(in: "precious") == ["data"])
      #expect(try folder.read(".out.partial") == Array("a file".utf8))
    }
  }
}

@Suite struct `A single safetensors file` {
  @Test func `has the metadata it was written with`() throws {
    try TemporaryFolder.with { folder in
      let path = folder.path("a.safetensors")
      let metadata = ["format": "pt", "é\n": "\"quoted\"", "": ""]
      try SafetensorsFile.write(
        [(NamedShape("x", .int64, [1]), [1, 0, 0, 0, 0, 0, 0, 0])], metadata: metadata, to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata == metadata)
      #expect(file.integers("x") == [1])
      #expect(try folder.names() == ["a.safetensors"])
      expectFailure("exists already") { try SafetensorsFile.write([], to: path) }
      let unusual = #"{"__metadata__":{"a":1,"b":"c","d":null}}"#
      try folder.write("b.safetensors", RawSafetensors.file(header: unusual))
      #expect(try SafetensorsFile(path: folder.path("b.safetensors")).metadata == ["b": "c"])
    }
  }

  @Test func `can be written by several threads to several places`() throws {
    try TemporaryFolder.with { folder in
      let outcomes = Threads.map(16) { i in
        Result {
          try SafetensorsFile.write(
            [(NamedShape("x", .uint8, [1]), [UInt8(i)])], to: folder.path("\(i % 8).safetensors"))
        }
      }
      // Two for each place: the second may be refused, but must not damage the first.
      #expect(outcomes.count == 16)
      #expect(try folder.names() == (0..<8).map { "\($0).safetensors" })
      for i in 0..<8 {
        let file = try folder.read("\(i).safetensors")
        #expect(try SafetensorsFile(path: folder.path("\(i).safetensors")).entries.count == 1)
        #expect(file.last.map(Int.init).map { $0 % 8 } == i)
      }
    }
  }
}
