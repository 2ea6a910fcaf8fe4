/// The name and shape of a Linear, whose weights are `[rows, columns]`, that is `[out, in]`.
public struct LinearShape: Sendable, Hashable {
  /// The Hugging Face key, without `.weight`.
  public let name: String
  /// The number of outputs.
  public let rows: Int
  /// The number of inputs.
  public let columns: Int

  /// A Linear of a given name and shape.
  public init(name: String, rows: Int, columns: Int) {
    self.name = name
    self.rows = rows
    self.columns = columns
  }
}
