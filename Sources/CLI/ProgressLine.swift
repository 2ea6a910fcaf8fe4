import Foundation
import Pipeline
import Report
import Solvers

/// Progress on standard error: a bar on a terminal, occasional lines elsewhere.
struct ProgressLine {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let start = Date()
  private var last = (label: "", share: -1.0, elapsed: 0.0)

  /// Shows the share of the work that is done, and the current step.
  mutating func show(_ share: Double, _ label: String) {
    let elapsed = Date().timeIntervalSince(start)
    let left =
      share > 0.01 ? "  \(Numbers.duration(elapsed * (1 - share) / share)) left" : ""
    let percent = "\(Int(100 * share))%"
    if isTerminal {
      let filled = Int(30 * share)
      let bar =
        String(repeating: "#", count: filled) + String(repeating: "·", count: 30 - filled)
      write("\r\u{1B}[K[\(bar)] \(percent)  \(label)\(left)")
    } else if isNews(share, label, elapsed) {
      write("\(percent)  \(label)\(left)\n")
      last = (label, share, elapsed)
    }
  }

  /// Whether a line is due: at a new step, and from time to time in a long one.
  private func isNews(_ share: Double, _ label: String, _ elapsed: Double) -> Bool {
    share >= 1
      || share >= last.share + 0.01 && (label != last.label || elapsed >= last.elapsed + 30)
  }

  /// Prints a line without disturbing the bar.
  func say(_ line: String) { write((isTerminal ? "\r\u{1B}[K" : "") + line + "\n") }

  /// Removes the bar.
  func end() { if isTerminal { write("\r\u{1B}[K") } }

  private func write(_ text: String) { StandardError.write(text) }
}

/// Shows the events of a run on standard error.
struct RunDisplay {
  private var progress = ProgressLine()

  /// Shows an event.
  mutating func show(_ event: RunEvent) {
    switch event {
    case .loaders(let engines):
      progress.say(
        engines.isEmpty
          ? "no engine loads the result as it is"
          : "will load in "
            + engines.joined(separator: ", "))
    case .continuing(let block, let count):
      progress.say("continuing the run that was interrupted, at block \(block) of \(count)")
    case .warning(let warning): progress.say("warning: \(warning.spelled(takesLists: false))")
    case .progress(let share, let label): progress.show(share, label)
    case .solved(let linear):
      if let retries = linear.conditioning?.retries, retries > 0 {
        progress.say(
          "warning: \(linear.name): damping raised to \(linear.conditioning?.damping ?? 0) "
            + "after \(retries) failed factorizations")
      }
    }
  }

  /// Removes the bar.
  func end() { progress.end() }
}

/// The stream for everything except results.
enum StandardError {
  /// Writes text; errors are ignored, because a missing reader must not stop the run.
  static func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}
