import Foundation
import JSON
import TestSupport
import Testing

@testable import Tokenizer

/// Arbitrary files and texts lead to a result or an error, never to a trap or a hang.
@Suite struct `Hostile input` {
  @Test(arguments: SmallFile.all)
  func `a truncated file is rejected at every length`(file: SmallFile) throws {
    let bytes = try file.json().bytes()
    _ = try Tokenizer(parsing: bytes)
    for length in 0..<bytes.count {
      #expect(throws: TokenizerError.self) { try Tokenizer(parsing: Array(bytes.prefix(length))) }
    }
  }

  @Test(arguments: SmallFile.all, 0..<20 as Range<UInt64>)
  func `a mutated file is rejected or can be used`(file: SmallFile, seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let bytes = try file.json().bytes()
    for _ in 0..<200 {
      var mutated = bytes
      for _ in 0...Int.random(in: 0..<3, using: &generator) {
        let place = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: mutated[place] = UInt8.random(in: 0x20...0x7E, using: &generator)
        case 1: mutated.remove(at: place)
        default: mutated.swapAt(place, Int.random(in: 0..<mutated.count, using: &generator))
        }
      }
      try use(mutated)
    }
  }

  /// Replaces each value of the file by a value of each kind; byte mutations rarely find these.
  @Test(arguments: SmallFile.all)
  func `a file with a value of another kind anywhere is rejected or can be used`(
    small: SmallFile
  ) throws {
    let file = try small.json()
    let others: [JSONValue] = [
      nil, true, -1, 4_294_967_296, 1.5, "", "é", [], [:], [nil], ["a": 1],
    ]
    for index in 0..<500 {
      for other in others {
        var place = index
        let changed = replace(file, at: &place, by: other)
        guard place < 0 else { return }
        try use(changed.bytes())
      }
    }
  }

  /// Most such maps lead out of the trie or the replacements; some have replacements.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func `a character map of arbitrary bytes is rejected or can be used`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let count = 4 * Int.random(in: 1...300, using: &generator)
    var bytes: [UInt8] = [UInt8(count & 0xFF), UInt8(count >> 8), 0, 0]
    for _ in 0..<count / 4 {
      // Units that often have the label of their position, a small base and a value.
      let label = UInt8.random(in: 0...0xFF, using: &generator)
      let isLeaf = UInt8.random(in: 0...1, using: &generator)
      bytes += [label, isLeaf, UInt8.random(in: 0...1, using: &generator), 0]
    }
    bytes += "añb\0\0é\0".utf8.dropLast(Int.random(in: 0...2, using: &generator))
    let map = JSONValue.string(Data(bytes).base64EncodedString())
    try use(
      Fixture.file(normalizer: ["type": "Precompiled", "precompiled_charsmap": map]).bytes())
  }

  @Test(arguments: Fixture.names)
  func `random texts can be encoded`(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    var generator = SplitMix64(seed: 7)
    for _ in 0..<300 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...40, using: &generator) {
        let limit: UInt32 = [0x80, 0x250, 0x3100, 0x11_0000].randomElement(using: &generator) ?? 1
        text.append(Unicode.Scalar(UInt32.random(in: 0..<limit, using: &generator)) ?? " ")
      }
      _ = try tokenizer.encode(String(text))
    }
  }

  @Test(arguments: Fixture.names)
  func `long runs of one unit can be encoded`(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    for unit in [" ", "a", "\n", " \n", "1", "中", "ab ", "👩‍💻", "<|star"] {
      let text = String(repeating: unit, count: 60_000 / unit.utf8.count)
      let ids = try tokenizer.encode(text + "x", addSpecialTokens: false)
      #expect(!ids.isEmpty)
    }
  }

  private func use(_ bytes: [UInt8]) throws {
    guard let tokenizer = try? Tokenizer(parsing: bytes) else { return }
    _ = try? tokenizer.encode("<s> ab  ÄÖ\u{301} 12 ba\n<unk>x")
  }

  /// Replaces the n-th part of a value in depth-first order; afterwards n is negative.
  private func replace(_ value: JSONValue, at n: inout Int, by other: JSONValue) -> JSONValue {
    n -= 1
    if n == -1 { return other }
    switch value {
    case .array(let array): return .array(array.map { replace($0, at: &n, by: other) })
    case .object(var object):
      for member in object { object[member.name] = replace(member.value, at: &n, by: other) }
      return .object(object)
    default: return value
    }
  }
}
