public import Formats
internal import Transformer

/// Which Linears of a model to look at.
public struct LinearFilter: Sendable {
  /// The decoder blocks; nil for all.
  public let layers: Set<Int>?
  /// The ends of the names, such as `q_proj` or `mlp.up_proj`; nil for all.
  public let modules: [String]?

  /// Every Linear.
  public static let all = LinearFilter()

  /// A filter.
  public init(layers: Set<Int>? = nil, modules: [String]? = nil) {
    self.layers = layers
    self.modules = modules
  }

  /// Whether nothing is left out.
  var isEverything: Bool { layers == nil && modules == nil }

  /// Whether a Linear is selected.
  public func contains(_ linear: LinearShape) -> Bool {
    let parts = linear.name.split(separator: ".")
    let layer = parts.count > 2 ? Int(parts[2]) : nil
    let isInLayers = layers.map { layer.map($0.contains) ?? false } ?? true
    let isInModules = modules?.contains { linear.name.hasSuffix(".\($0)") } ?? true
    return isInLayers && isInModules
  }

  /// The last block with a selected Linear, or the last of all.
  func lastLayer(of configuration: ModelConfiguration) -> Int {
    (0..<configuration.layerCount).last { layer in
      configuration.linears(layer: layer).contains(where: contains)
    } ?? configuration.layerCount - 1
  }
}
