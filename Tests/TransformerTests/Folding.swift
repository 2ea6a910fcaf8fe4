// Folds factors into a block, with or without a deliberate mistake.

import Checkpoint
import Formats
import Foundation
import LinearAlgebra
import TestSupport
import Testing
import Transformer

/// The part of the folding that is left out.
enum Mistake: CaseIterable {
  case consumer, producer, sharing, bias
}

extension Matrix {
  func scaled(rows: [Float]? = nil, columns: [Float]? = nil) -> Matrix {
    Matrix(rows: self.rows, columns: self.columns) {
      self[$0, $1] / (rows?[$0] ?? 1) * (columns?[$1] ?? 1)
    }
  }
}

/// Log-uniform factors from 0.1 to 10; channels of the same row share one.
func randomFactors(_ count: Int, rows: [Int]? = nil, seed: UInt64) -> [Float] {
  var generator = SplitMix64(seed: seed)
  var values: [Int: Float] = [:]
  return (0..<count).map { channel in
    let row = rows?[channel] ?? channel
    let value = values[row] ?? Float(0.1 * pow(100, generator.uniform()))
    values[row] = value
    return value
  }
}

extension BlockProgram {
  /// Everything that can absorb factors, in the order of the stages.
  var places: [Absorber] {
    stages.flatMap(\.slots).compactMap(\.absorber).reduce(into: []) { found, absorber in
      if !found.contains(absorber) { found.append(absorber) }
    }
  }

  /// The stored tensors that an absorber's factors change.
  func absorbingTensors(_ absorber: Absorber) -> [String] {
    let slots = stages.flatMap(\.slots)
    switch absorber {
    case .norm(let name):
      return (norms.first { $0.name == name }?.tensorNames ?? [])
        + slots.filter { $0.absorber == absorber && $0.staysDense }.map { "\($0.name).weight" }
    case .rows(let producer, _):
      return slots.filter { $0.name == producer && $0.hasBias }.map { "\($0.name).bias" }
    }
  }

  /// The Linears that read the output of an absorber and can be quantized.
  func readers(of absorber: Absorber) -> [Slot] {
    stages.flatMap(\.slots).filter { $0.absorber == absorber && !$0.staysDense }
  }
}

extension DecoderBlock {
  /// Folds random factors into an absorber and its readers.
  ///
  /// - Returns: whether the mistake is possible for this absorber.
  @discardableResult
  mutating func fold(_ absorber: Absorber, _ mistake: Mistake? = nil, seed: UInt64) -> Bool {
    let readers = program.readers(of: absorber)
    let count = readers[0].shape.columns
    switch absorber {
    case .norm:
      guard mistake != .sharing, mistake != .bias else { return false }
      let s = storableFactors(randomFactors(count, seed: seed), for: absorber)
      if mistake != .producer { absorb(s, into: absorber) }
      multiplyColumns(of: readers, by: s, skippingOne: mistake == .consumer)
    case .rows(let producer, let rows):
      let hasBias = weights.linear(producer).bias != nil
      if mistake == .bias && !hasBias || mistake == .sharing && Set(rows).count == rows.count {
        return false
      }
      let drawn = randomFactors(count, rows: mistake == .sharing ? nil : rows, seed: seed)
      let s = storableFactors(drawn, for: absorber)
      if mistake != .bias { absorb(s, into: absorber) }
      if mistake != .producer {
        let weight = weights.linear(producer).weight
        weights.linears[producer]?.weight = weight.scaled(
          rows: s.byRow(rows, count: weight.rows))
      }
      multiplyColumns(of: readers, by: s, skippingOne: mistake == .consumer)
    }
    return true
  }

  private mutating func multiplyColumns(
    of readers: [Slot], by factors: [Float], skippingOne: Bool
  ) {
    for slot in readers.dropLast(skippingOne ? 1 : 0) {
      let scaled = weights.linear(slot.name).weight.scaled(columns: factors)
      weights.linears[slot.name]?.weight = scaled
    }
  }
}

/// A tiny model of a family, with a sliding window if the family has them.
func openTiny(
  _ family: TinyModel.Family, _ format: FloatFormat, in folder: TemporaryFolder
) throws -> LanguageModel {
  var tiny = TinyModel(format, family: family)
  if family == .mistral { tiny.configure("sliding_window", "9") }
  try tiny.write("model", in: folder)
  return try LanguageModel(ModelFolder(path: folder.path("model")))
}

/// The golden fixtures: those of the tests, or of the folder that `PTQ_FIXTURES` names.
enum Fixtures {
  private static let root: URL? =
    ProcessInfo.processInfo.environment["PTQ_FIXTURES"].map { URL(fileURLWithPath: $0) }
    ?? Bundle.module.resourceURL?.appendingPathComponent("Fixtures")

  /// Whether they are not those of the tests.
  static let isChosen = ProcessInfo.processInfo.environment["PTQ_FIXTURES"] != nil

  /// The folders of the fixtures, by name.
  static let names: [String] = {
    let found = root.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0.path) } ?? []
    return found.filter { !$0.contains(".") }.sorted()
  }()

  static func path(_ name: String) throws -> String {
    try #require(root).appendingPathComponent(name).path
  }

  static func model(_ name: String) throws -> LanguageModel {
    try LanguageModel(ModelFolder(path: path(name)))
  }
}
