internal import COpenBLAS
internal import CProbe
internal import Glibc

/// The hardware and libraries of this machine that computations use.
package struct SystemProbe: Sendable {
  /// The name that the processor gives itself.
  package let processor: String
  /// Its vector extensions, as far as they matter here.
  package let vectorUnits: String
  /// Physical memory, in bytes.
  package let memory: Double

  /// Queries the kernel.
  package init() {
    let info = Self.lines(of: "/proc/cpuinfo")
    func value(_ key: String) -> String? {
      info.first { $0.hasPrefix(key) }?.split(separator: ":").last.map { $0.drop { $0 == " " } }
        .map(String.init)
    }
    processor = value("model name") ?? "unknown"
    let flags = Set((value("flags") ?? "").split(separator: " ").map(String.init))
    let known = ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8"]
    vectorUnits = known.filter(flags.contains).joined(separator: " ")
    memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// The bytes of address space that the process may use; nil for any number.
  package static var addressSpaceLimit: Int? {
    let limit = ptq_address_space_limit()
    return limit < 0 ? nil : Int(limit)
  }

  /// The number of files that the process may have open; nil for any number.
  package static var openFileLimit: Int? {
    let limit = ptq_open_file_limit()
    return limit < 0 ? nil : Int(limit)
  }

  /// Whether everything printed has reached its reader, such as a file on a disk with room.
  package static func flushOutput() -> Bool { ptq_flush_output() != 0 }

  /// The version and build options of the BLAS.
  package var blas: String { Self.configuration }

  /// Asked for once: OpenBLAS puts the answer together in memory that all callers share, so that two at the same time
  /// may both read a mixture.
  private static let configuration = unsafe string(openblas_get_config())

  /// The processor whose kernels the BLAS has chosen.
  package var blasKernels: String { unsafe Self.string(openblas_get_corename()) }

  /// What the sums of an engine's products are ordered by, so that they are the same to the last bit: "Zen", or
  /// "Zen, oneDNN 3.1 for avx512_core_bf16".
  package func kernels(of engine: ProductEngine) -> String {
    ([blasKernels] + [engine.library].compactMap(\.self)).joined(separator: ", ")
  }

  /// The processor that the environment makes OpenBLAS assume, or nil if it detects the processor.
  package var forcedKernels: String? {
    // Safety: the string is copied at once.
    unsafe getenv("OPENBLAS_CORETYPE").map { unsafe String(cString: $0) }
  }

  /// The processor that OpenBLAS should assume, where it has chosen kernels that leave this one's vector
  /// units idle; nil where its own choice will do.
  package var betterKernels: String? {
    Self.betterKernels(
      than: blasKernels, forUnits: Set(vectorUnits.split(separator: " ").map(String.init)))
  }

  /// The same for given kernels and vector extensions.
  ///
  /// OpenBLAS knows the processors of its own time. One that came later gets kernels of 2004, which take
  /// three times as long (0.3.21 on an Intel processor with AMX: 55 instead of 195 GFLOP/s on a core).
  package static func betterKernels(than chosen: String, forUnits units: Set<String>) -> String? {
    let usesVectors = ["Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"]
    guard !usesVectors.contains(chosen), units.isSuperset(of: ["avx2", "fma"]) else { return nil }
    return units.contains("avx512f") ? "SKYLAKEX" : "HASWELL"
  }

  /// The shared library that defines a symbol.
  package func library(of symbol: String) -> String {
    unsafe Self.string(symbol.withCString { unsafe ptq_library_of($0) })
  }

  /// The floating-point operations per second in a product of this size, best of three.
  package func measuredSpeed(on engine: ProductEngine = .float32, side: Int = 1024) -> Double {
    let a = Matrix(rows: side, columns: side) { Float($0 - $1) / Float(side) }
    let factor = ProductFactor(a, on: engine)
    let clock = ContinuousClock()
    let times = (0..<3).map { _ in
      clock.measure { _ = factor.product(a) }
    }
    let best = times.min().map { $0 / .seconds(1) } ?? 1
    return 2 * Double(side * side * side) / best
  }

  /// A copy of a C string.
  ///
  /// Safety: all callers pass terminated strings that live as long as the process.
  private static func string(_ pointer: UnsafePointer<CChar>?) -> String {
    unsafe pointer.map { unsafe String(cString: $0) } ?? "not found"
  }

  static func lines(of path: String) -> [Substring] {
    guard let file = unsafe fopen(path, "r") else { return [] }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
  }
}
