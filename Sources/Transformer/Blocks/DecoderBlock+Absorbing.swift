// Exact scaling of a stage's input: what divides the input in front multiplies the columns of every
// Linear that reads it, so the outputs stay the same. What stands in front follows from the
// absorbers of the program; families do not declare it again.

internal import LinearAlgebra

extension DecoderBlock {
  /// The factors nearest to given ones that an absorber can take up exactly, in the storage formats
  /// of its tensors.
  ///
  /// - Precondition: channels made by one row have the same factor.
  package func storableFactors(_ factors: [Float], for absorber: Absorber) -> [Float] {
    switch absorber {
    case .norm(let name):
      // A dense reader has its columns multiplied, which is exact only for powers of two.
      let hasDenseReader = denseReaders(of: name).contains {
        weights.linear($0.name).format != .float32
      }
      let wanted = hasDenseReader ? factors.map(\.nearestPowerOfTwo) : factors
      return weights.norms[name]?.storableFactors(wanted) ?? wanted
    case .rows(let producer, let rows):
      guard let bias = weights.linear(producer).bias else { return factors }
      return zip(factors, rows).map { factor, row in
        let value = bias.values[row]
        guard value != 0 else { return factor }
        let stored = bias.format.rounded(value / factor)
        guard stored.isNormal, (value / stored).isNormal else { return 1 }
        return value / stored
      }
    }
  }

  /// Lets an absorber take up storable factors.
  ///
  /// The solver has to multiply the columns of the quantized Linears that read it, and to divide
  /// the rows of a producer's weights.
  package mutating func absorb(_ factors: [Float], into absorber: Absorber) {
    switch absorber {
    case .norm(let name):
      weights.norms[name]?.divide(by: factors)
      for reader in denseReaders(of: name) {
        weights.linears[reader.name]?.multiplyColumns(by: factors)
      }
    case .rows(let producer, let rows):
      let byRow = factors.byRow(rows, count: weights.linear(producer).weight.rows)
      weights.linears[producer]?.bias?.divide(by: byRow)
    }
  }

  /// The tensors besides the quantized Linears' weights, in their stored form.
  package var denseTensors: [(name: String, bytes: [UInt8])] {
    program.norms.flatMap { weights.norms[$0.name]?.tensors ?? [] }
      + program.stages.flatMap(\.slots).flatMap { slot -> [(name: String, bytes: [UInt8])] in
        let linear = weights.linear(slot.name)
        let bias = linear.bias.map { [("\(slot.name).bias", $0.format.encode($0.values))] } ?? []
        guard slot.staysDense else { return bias }
        let format = linear.format ?? .float32
        let weight = slot.isTransposed ? linear.weight.transposed : linear.weight
        return [("\(slot.name).weight", format.encode(weight.elements))] + bias
      }
  }

  private func denseReaders(of norm: String) -> [Slot] { program.denseReaders(of: norm) }
}

extension BlockProgram {
  /// The Linears that read a norm and are never quantized.
  func denseReaders(of norm: String) -> [Slot] {
    stages.flatMap(\.slots).filter { $0.staysDense && $0.absorber == .norm(norm) }
  }

  /// The names of the tensors besides the quantized Linears' weights.
  package var denseTensorNames: [String] {
    norms.flatMap(\.tensorNames)
      + stages.flatMap(\.slots).flatMap { slot in
        (slot.staysDense ? ["\(slot.name).weight"] : [])
          + (slot.hasBias ? ["\(slot.name).bias"] : [])
      }
  }
}

extension [Float] {
  /// The factor of each of a producer's rows, from those of the channels that the rows make; 1 for
  /// rows that make none.
  package func byRow(_ rows: [Int], count: Int) -> [Float] {
    var result = [Float](repeating: 1, count: count)
    for (channel, row) in rows.enumerated() { result[row] = self[channel] }
    return result
  }
}

extension Linear {
  /// Multiplies each column by a factor and rounds to the storage format of the weights.
  fileprivate mutating func multiplyColumns(by factors: [Float]) {
    weight = weight.columns(times: factors).rounded(to: format ?? .float32)
  }
}
