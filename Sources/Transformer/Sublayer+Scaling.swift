// Exact scaling of a sublayer's activations: whatever is divided in one place is multiplied in
// another, so that the outputs stay what they were.

internal import LinearAlgebra

extension Sublayer {
  /// The tensors that take up the factors of scaled activations, as they are to be stored.
  public var foldingTensors: [(name: String, bytes: [UInt8])] {
    let bias = inputLinears[producer].bias
    return [(norm.name, norm.format.encode(norm.gain))]
      + (bias.map { [("\(inputLinears[producer].name).bias", $0.format.encode($0.values))] } ?? [])
  }

  /// The factors nearest to given ones by which the norm's gain, in the format it is stored in, can
  /// be divided exactly: `s' = g / round(g / s)`.
  public func storableInputFactors(_ factors: [Float]) -> [Float] {
    zip(factors, norm.gain).map { exactFactor($0, dividing: $1, in: norm.format) }
  }

  /// The factors nearest to given ones, one for each channel of the output Linear's input, by which
  /// the producer's bias can be divided exactly in its format; without a bias those themselves.
  ///
  /// - Precondition: channels that come from the same output of the producer have one factor.
  public func storableInnerFactors(_ factors: [Float]) -> [Float] {
    guard let bias = inputLinears[producer].bias else { return factors }
    return zip(factors, producerRows).map {
      exactFactor($0, dividing: bias.values[$1], in: bias.format)
    }
  }

  /// For each channel of the output Linear's input the first one that has the same factor; nil
  /// where each has its own.
  public var innerSharing: [Int]? {
    let rows = producerRows
    var first: [Int: Int] = [:]
    for (channel, row) in rows.enumerated() where first[row] == nil { first[row] = channel }
    return first.count == rows.count ? nil : rows.map { first[$0] ?? 0 }
  }

  /// Divides the normalized hidden states by storable factors.
  ///
  /// The input Linears must have their columns multiplied by the same factors.
  public mutating func divideInput(by factors: [Float]) {
    norm.gain = zip(norm.gain, factors).map { norm.format.rounded($0 / $1) }
  }

  /// The factors of the producer's outputs, from those of the output Linear's input channels.
  public func producerFactors(_ factors: [Float]) -> [Float] {
    var result = [Float](repeating: 1, count: inputLinears[producer].weight.rows)
    for (channel, row) in producerRows.enumerated() { result[row] = factors[channel] }
    return result
  }

  /// Divides the producer's bias by storable factors, given for the producer's outputs.
  ///
  /// Its weights must have their rows divided, and the output Linear its columns multiplied.
  public mutating func divideProducerBias(by factors: [Float]) {
    guard var bias = inputLinears[producer].bias else { return }
    bias.values = zip(bias.values, factors).map { bias.format.rounded($0 / $1) }
    inputLinears[producer].bias = bias
  }
}

/// The factor nearest to a given one that divides a stored value exactly; 1 where none near does.
private func exactFactor(_ factor: Float, dividing value: Float, in format: FloatFormat) -> Float {
  // Nothing times any factor is nothing.
  if value == 0 { return factor }
  let stored = format.rounded(value / factor)
  guard stored.isNormal, (value / stored).isNormal else { return 1 }
  return value / stored
}
