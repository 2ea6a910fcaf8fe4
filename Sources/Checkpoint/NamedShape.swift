/// The name, type and shape of a tensor to be stored, without its elements.
public struct NamedShape: Sendable, Equatable {
  /// The name of the tensor.
  public let name: String
  /// Its type and shape.
  public let shape: TensorShape

  /// A tensor of a given name, type and shape.
  public init(_ name: String, _ type: TensorType, _ dimensions: [Int]) {
    self.name = name
    shape = TensorShape(type, dimensions)
  }
}
