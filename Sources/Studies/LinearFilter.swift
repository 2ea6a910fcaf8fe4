public import Formats
internal import Pipeline
internal import Transformer

/// Which Linears of a model are selected.
public struct LinearFilter: Sendable {
  /// The decoder blocks, from 0; nil for all.
  public let layers: Set<Int>?
  /// The ends of the names, such as `q_proj` or `mlp.up_proj`; nil for all.
  public let modules: [String]?

  /// Every Linear.
  public static let all = LinearFilter()

  /// A filter by blocks and modules.
  public init(layers: Set<Int>? = nil, modules: [String]? = nil) {
    self.layers = layers
    self.modules = modules
  }

  /// Whether every Linear is selected.
  var isEverything: Bool { layers == nil && modules == nil }

  /// Whether a Linear of a block is selected.
  public func contains(_ linear: LinearShape, block: Int) -> Bool {
    let isInLayers = layers?.contains(block) ?? true
    let isInModules = modules?.contains { linear.name.hasSuffix(".\($0)") } ?? true
    return isInLayers && isInModules
  }

  /// The selected Linears of a block.
  func linears(of model: ModelDeclaration, block: Int) -> [LinearShape] {
    model.linears(block: block).filter { contains($0, block: block) }
  }
}
