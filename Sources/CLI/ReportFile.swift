import Checkpoint
import Foundation
import JSON
import Pipeline
import Report
import Studies

/// A file for the report of a comparison; the ending of its name selects the kind of report.
struct ReportFile {
  private enum Kind: String, CaseIterable {
    case txt, md, csv, json, tex, html
  }

  private let path: String
  private let kind: Kind

  /// The supported endings.
  static var endings: [String] { Kind.allCases.map { ".\($0.rawValue)" } }

  /// The file at a path; nil if its ending is not supported.
  init?(path: String) {
    guard let kind = Kind(rawValue: URL(fileURLWithPath: path).pathExtension.lowercased()) else {
      return nil
    }
    self.path = path
    self.kind = kind
  }

  /// Checks that a file can be written here, before the work that it is to report.
  ///
  /// - Throws: ``CheckpointError`` if not.
  func checkIsWritable() throws { try Self.checkIsWritable(path) }

  /// The same for a file of another kind.
  static func checkIsWritable(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard unsafe access(folder, W_OK | X_OK) == 0 else {
      throw CheckpointError.system(path: path, doing: "writing into its folder", code: errno)
    }
    guard !FileManager.default.fileExists(atPath: "\(path)/.") else {
      throw CheckpointError.unsupported(path: path, reason: "is a folder")
    }
  }

  /// Writes a comparison atomically, so that the path never holds an incomplete report.
  func write(_ report: ComparisonReport) throws {
    try Data(contents(report).utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  private func contents(_ report: ComparisonReport) -> String {
    let tables = [report.totals, report.byModule, report.ranking, report.byLinear]
    return switch kind {
    case .txt: tables.map(\.text).joined(separator: "\n\n") + "\n"
    case .md: tables.map(\.markdown).joined(separator: "\n\n") + "\n"
    case .csv: report.records.csv
    case .json: report.json.text(.pretty) + "\n"
    case .tex: tables.map(\.latex).joined(separator: "\n\n") + "\n"
    case .html: report.html
    }
  }
}

extension ComparisonReport {
  /// The tables that fit a terminal; the others are only written to files.
  ///
  /// These are the totals, the means by kind of Linear and, if there are few blocks, the ranking.
  var terminalText: String {
    let blocks = Set(candidates.first?.linears.map(\.layer) ?? []).count
    return [totals.text, "error % by kind of Linear\n\n" + byModule.text]
      .joined(separator: "\n\n")
      + (blocks <= 8 && !ranking.isEmpty ? "\n\nmean rank by block\n\n" + ranking.text : "")
  }
}
