internal import Checkpoint
public import Formats
package import LinearAlgebra
public import Quantizer
public import Solvers

/// What to do to every Linear of a model, and how to store it.
public struct QuantizationSettings: Sendable {
  /// What may be stored.
  public internal(set) var scheme: Scheme
  /// The bits of each Linear, in place of those of the scheme; nil if all have as many.
  public var bitPlan: BitPlan?
  /// How the range of each group is chosen, unless the method decides.
  public let range: GridRule.Range
  /// Whether the head is quantized as well, like a Linear of the decoder blocks.
  public var quantizesHead = false
  /// The bits of the embedding and the head, where the format has them in integers of any width; nil for its own.
  public var tableBits: Int?
  /// What happens to the weights.
  public let method: Method
  /// Options of the method.
  public let options: MethodOptions
  /// How targets are corrected for the error of earlier Linears; nil for not at all.
  public let correction: TargetCorrection?
  /// Whether inputs are rounded without a zero point.
  public let hasSymmetricActivations: Bool
  /// How the range of static activations is chosen.
  public let observer: Observer
  /// Which channels stay in 16 bits when the method keeps outliers.
  public let outliers: OutlierRule
  /// The layout of the output.
  public internal(set) var format: any CheckpointFormat

  /// Settings with given choices.
  public init(
    scheme: Scheme, range: GridRule.Range = .squaredError, method: Method = .gptq,
    options: MethodOptions = MethodOptions(), correction: TargetCorrection? = nil,
    symmetricActivations: Bool = true,
    observer: Observer = .minMax, outliers: OutlierRule = .paper,
    format: any CheckpointFormat = CompressedTensorsFormat(), bitPlan: BitPlan? = nil
  ) {
    self.scheme = scheme
    self.range = range
    self.method = method
    self.options = options
    self.correction = correction
    hasSymmetricActivations = symmetricActivations
    self.observer = observer
    self.outliers = outliers
    self.format = format
    self.bitPlan = bitPlan
  }

  /// What is stored for a Linear, and how its input is rounded, without a plan of bits.
  package var linearScheme: LinearScheme { LinearScheme(scheme, activations: activationScheme) }

  /// How inputs are rounded: as the method says, and where it does not, as the format has it.
  package var activationScheme: ActivationScheme? {
    let own = format.standardActivations
    guard let granularity = method.activations ?? own?.granularity else { return nil }
    return switch method.activationNumber ?? own?.number ?? .integer {
    case .float:
      // Where the format has groups, a scale for each token means one for each group of it.
      ActivationScheme(
        floatsBy: granularity == .token && own?.number == .float
          ? own?.granularity ?? granularity : granularity)
    case .nvfp4: .nvfp4
    case .mxfp4: .mxfp4
    case .integer: ActivationScheme(granularity: granularity, symmetric: hasSymmetricActivations)
    }
  }

  /// The scheme in short: "w4 g64", "w4 g64 asym", "w4 g64 nf4", "w8a8", "w8a8 static", "w4afp8 g128", "nvfp4 w4a4".
  public var label: String { label(of: linearScheme) }

  /// The same for a Linear of another scheme.
  func label(of linear: LinearScheme) -> String {
    let (scheme, activationScheme) = (linear.weights, linear.activations)
    let isStatic = activationScheme?.granularity == .tensor
    if let name = format.typeName(of: scheme) {
      let isNarrow = activationScheme?.bits == 4
      return isStatic ? "\(name) static" : isNarrow ? "\(name) w4a4" : name
    }
    let inputs = activationScheme.map { scheme in
      switch scheme.number {
      case .integer: "a\(scheme.bits)"
      case .float: "afp8"
      case .nvfp4: "anvfp4"
      case .mxfp4: "amxfp4"
      }
    }
    var words = ["w\(scheme.bits)\(inputs ?? "")"]
    if case .group(let size) = scheme.granularity { words.append("g\(size)") }
    if scheme.granularity == .tensor { words.append("tensor") }
    if scheme.granularity == .channel, inputs == nil { words.append("channel") }
    switch scheme.points {
    case .symmetric: if scheme.isNarrow { words.append(scheme.bits == 2 ? "ternary" : "narrow") }
    case .zeroPoint: words.append("asym")
    case .offset: words.append("offset")
    case .table(let table): words.append(table.name)
    }
    if isStatic { words.append("static") }
    return words.joined(separator: " ")
  }

  /// The bits in the file per weight of a Linear.
  package func bitsPerWeight(of solution: LinearSolution, scales: FloatFormat) -> Double {
    let (rows, columns) = (solution.quantized.rows, solution.quantized.columns)
    let kept = solution.linear.kept?.weights.elements.count ?? 0
    var bits = 16 * Double(kept)
    if format.stores(scheme.points) {
      let layout = format.layout(
        of: LinearShape(name: solution.name, rows: rows, columns: columns), linearScheme,
        scales: scales)
      bits += 8 * Double(layout.reduce(0) { $0 + ($1.shape.byteCount ?? 0) })
    } else {
      // Only codes and grids are counted of what the format has no tensors for.
      let entries = scheme.granularity == .tensor ? 1 : rows * solution.quantized.grid.groups
      bits += Double(scheme.bits * rows * columns)
      bits += format.encoding(scales: scales).bitsPerGroup(scheme) * Double(entries)
    }
    return bits / Double(max(1, rows * columns))
  }

  /// The recipe for Linears whose scales are stored in a given format.
  package func recipe(scales: FloatFormat) -> Recipe {
    recipe(storing: linearScheme, scales: scales)
  }

  /// The recipe for Linears of another scheme.
  package func recipe(storing stored: LinearScheme, scales: FloatFormat) -> Recipe {
    Recipe(
      scheme: stored.weights,
      gridRule: GridRule(
        range: method.clips ? .outputError : range, search: method.clips ? .clipping : .fine,
        encoding: format.encoding(of: stored.weights, scales: scales)),
      rounding: method.rounding.make(options),
      alternatives: method.rounding.needsCalibration
        ? options.alternatives.map(method.rounding.make) : [],
      correction: correction,
      transform: method.transform?.make(options),
      activations: stored.activations.map { ActivationRule($0, observer: observer) },
      outliers: method.keepsOutliers ? outliers : nil)
  }
}

extension CheckpointFormat {
  /// Whether groups with such points can be stored.
  fileprivate func stores(_ points: Scheme.Points) -> Bool {
    switch points {
    case .symmetric: true
    case .zeroPoint: !storesOffsets
    case .offset: storesOffsets
    case .table: false
    }
  }
}
