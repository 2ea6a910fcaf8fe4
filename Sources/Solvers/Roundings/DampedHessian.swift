internal import Hessian
internal import LinearAlgebra

extension InputStatistics {
  /// H + λI with the damping of a factor, both triangles.
  func damped(by factor: DampedFactor) -> Matrix {
    var result = block(0..<channels)
    let mean = Double(trace) / Double(max(1, channels))
    let ridge = Float(factor.damping * (mean > 0 ? mean : 1))
    for i in 0..<channels { result[i, i] += ridge }
    return result
  }
}
