internal import Glibc

extension VectorMath {
  /// `xᵢ ← xᵢ / (1 + exp(−xᵢ))`.
  public static func silu(_ x: inout MutableSpan<Float>) {
    update(&x) { $0 / (1 + exponential(-$0)) }
  }

  /// `xᵢ ← xᵢ · (1 + erf(xᵢ / √2)) / 2`.
  public static func gelu(_ x: inout MutableSpan<Float>) {
    for i in x.indices { x[i] = 0.5 * x[i] * (1 + erff(x[i] * 0.707_106_77)) }
  }

  /// `xᵢ ← xᵢ · (1 + tanh(√(2/π) (xᵢ + 0.044715 xᵢ³))) / 2`.
  ///
  /// With `tanh t = 1 − 2 / (1 + exp 2t)`, this is `x − x / (1 + exp 2t)`.
  public static func geluTanh(_ x: inout MutableSpan<Float>) {
    update(&x) { x in
      let t = (x + x * x * x * 0.044_715) * 0.797_884_56
      return x - x / (1 + exponential(t * 2))
    }
  }

  /// `xᵢ ← xᵢ / (1 + exp(−1.702 xᵢ))`.
  public static func quickGELU(_ x: inout MutableSpan<Float>) {
    update(&x) { $0 / (1 + exponential($0 * -1.702)) }
  }

  /// `xᵢ ← max(xᵢ, 0)`.
  public static func relu(_ x: inout MutableSpan<Float>) {
    for i in x.indices { x[i] = max(0, x[i]) }
  }

  /// `xᵢ ← max(xᵢ, 0)²`.
  public static func squaredReLU(_ x: inout MutableSpan<Float>) {
    for i in x.indices { x[i] = max(0, x[i]) * max(0, x[i]) }
  }

  /// `xᵢ ← c · tanh(xᵢ / c)`.
  public static func softCap(_ x: inout MutableSpan<Float>, at c: Float) {
    update(&x) { x in
      let e = exponential(x * (-2 / c))
      return ((1 - e) / (1 + e)) * c
    }
  }

  /// Replaces every element by a function of it.
  @inline(__always)
  private static func update(_ x: inout MutableSpan<Float>, _ function: (Lanes) -> Lanes) {
    var i = 0
    while i + 16 <= x.count {
      x.setLanes(at: i, function(x.lanes(at: i)))
      i += 16
    }
    while i < x.count {
      x[i] = function(Lanes(repeating: x[i]))[0]
      i += 1
    }
  }
}
