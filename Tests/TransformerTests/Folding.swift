// Factors put into a sublayer and taken out again, with or without a mistake.

import Checkpoint
import Foundation
import LinearAlgebra
import TestSupport
import Transformer

/// A place where factors are put in and taken out again.
enum Mapping: String, CaseIterable {
  case normToQKV, valueToOutput, normToGateUp, upToDown

  var half: Int { self == .normToQKV || self == .valueToOutput ? 0 : 1 }
  var isInner: Bool { self == .valueToOutput || self == .upToDown }
}

/// What may be forgotten.
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

/// Factors from 0.1 to 10, evenly spread over their logarithms.
func randomFactors(_ count: Int, sharing: [Int]?, seed: UInt64) -> [Float] {
  var generator = SplitMix64(seed: seed)
  let values = (0..<count).map { _ in Float(0.1 * pow(100, generator.uniform())) }
  return sharing.map { $0.map { values[$0] } } ?? values
}

extension Sublayer {
  /// Folds random factors into the sublayer.
  mutating func fold(_ mapping: Mapping, _ mistake: Mistake?, seed: UInt64) {
    if mapping.isInner {
      let sharing = mistake == .sharing ? nil : innerSharing
      let s = storableInnerFactors(
        randomFactors(outputLinear.weight.columns, sharing: sharing, seed: seed))
      let rows = producerFactors(s)
      if mistake != .bias { divideProducerBias(by: rows) }
      if mistake != .producer {
        inputLinears[producer].weight = inputLinears[producer].weight.scaled(rows: rows)
      }
      if mistake != .consumer { outputLinear.weight = outputLinear.weight.scaled(columns: s) }
    } else {
      let s = storableInputFactors(
        randomFactors(inputLinears[0].weight.columns, sharing: nil, seed: seed))
      if mistake != .producer { divideInput(by: s) }
      for i in inputLinears.indices where mistake != .consumer || i != producer {
        inputLinears[i].weight = inputLinears[i].weight.scaled(columns: s)
      }
    }
  }
}

/// A tiny model of a family, with a window where the family has one.
func openTiny(
  _ family: TinyModel.Family, _ format: FloatFormat, in folder: TemporaryFolder
) throws -> LanguageModel {
  var tiny = TinyModel(format, family: family)
  if family == .mistral { tiny.configure("sliding_window", "9") }
  try tiny.write("model", in: folder)
  return try LanguageModel(ModelFolder(path: folder.path("model")))
}
