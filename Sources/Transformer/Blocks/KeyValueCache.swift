internal import Checkpoint
internal import Formats
internal import JSON
internal import LinearAlgebra
public import Quantizer

/// How the keys and values that later tokens read are rounded in memory, with scales from calibration.
public struct CacheQuantizer: Sendable, Hashable {
  private let key: ActivationQuantizer
  private let value: ActivationQuantizer

  /// A quantizer of given scales for all keys and all values of a block.
  ///
  /// - Precondition: the scheme has one scale, and no zero point.
  public init(_ scheme: ActivationScheme, keyScale: Float, valueScale: Float) {
    precondition(scheme.isSymmetric, "\(scheme) for keys and values")
    key = ActivationQuantizer(scheme, grid: ActivationGrid(scale: keyScale))
    value = ActivationQuantizer(scheme, grid: ActivationGrid(scale: valueScale))
  }

  /// A quantizer that reaches as far as given keys and values.
  public init(_ scheme: ActivationScheme, covering reach: CacheReach) {
    let scales = [reach.key, reach.value].map { ActivationGrid(covering: -$0...$0, scheme).scale }
    self.init(scheme, keyScale: scales[0], valueScale: scales[1])
  }

  /// The scales of keys and of values.
  public var scales: [Float] { [key, value].compactMap(\.grid?.scale) }

  /// Rounds keys and values.
  func round(_ key: inout Matrix, _ value: inout Matrix) {
    key = self.key.rounded(key)
    value = self.value.rounded(value)
  }
}

/// The largest magnitudes of the keys, after their rotation, and of the values of a block.
public struct CacheReach: Sendable, Equatable {
  /// That of the keys.
  public let key: Float
  /// That of the values.
  public let value: Float

  /// Given magnitudes.
  public init(key: Float, value: Float) {
    self.key = key
    self.value = value
  }

  init(_ key: Matrix, _ value: Matrix) {
    func largest(_ matrix: Matrix) -> Float {
      let extent = VectorMath.extent(matrix.elements.span)
      return max(-extent.lowerBound, extent.upperBound)
    }
    self.init(key: largest(key), value: largest(value))
  }

  /// The larger of both, each.
  package func union(_ other: CacheReach?) -> CacheReach {
    guard let other else { return self }
    return CacheReach(key: max(key, other.key), value: max(value, other.value))
  }
}

extension LanguageModel {
  /// How a folder says that keys and values are rounded; nil where it says nothing.
  static func cacheScheme(
    in folder: ModelFolder, _ format: (any CheckpointFormat)?
  ) throws(CheckpointError) -> ActivationScheme? {
    guard format is CompressedTensorsFormat, let configuration = folder.quantization else {
      return nil
    }
    do throws(JSONError) {
      return try CacheScales.scheme(in: configuration)
    } catch {
      throw .json(path: "\(folder.path)/config.json", cause: error)
    }
  }

  /// What rounds the keys and values of a block, if the folder says so.
  func cache(of program: any BlockProgram) throws(CheckpointError) -> CacheQuantizer? {
    guard let cacheScheme, let module = program.cacheModule else { return nil }
    let scales = try CacheScales.read(of: module, in: folder)
    return CacheQuantizer(cacheScheme, keyScale: scales[0], valueScale: scales[1])
  }
}
