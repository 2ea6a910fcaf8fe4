internal import Foundation

/// Lines over an axis, as SVG that scales with the page.
struct Plot: Sendable {
  /// A position and the value there.
  typealias Point = (x: Double, y: Double)

  /// A line through points; points that an axis cannot show are left out.
  struct Line: Sendable {
    let name: String
    let style: LineStyle
    let points: [Point]
  }

  /// An area between two lines, drawn beneath all lines.
  struct Band: Sendable {
    let style: LineStyle
    let lower, upper: [Point]
  }

  /// A horizontal line to compare with.
  struct Level: Sendable {
    let name: String
    let value: Double
  }

  /// What the plot shows, for its heading and for screen readers.
  let title: String
  /// The axes in words, with units.
  let xLabel, yLabel: String
  let x, y: Axis
  let lines: [Line]
  let band: Band?
  let level: Level?

  /// A plot with axes that cover everything in it; nil if there is nothing to show.
  init?(
    title: String, xLabel: String, yLabel: String, x xScale: Axis.Scale, y yScale: Axis.Scale,
    lines: [Line], band: Band? = nil, level: Level? = nil
  ) {
    let points = lines.flatMap(\.points) + (band.map { $0.lower + $0.upper } ?? [])
    // A level alone, or a single point, is not worth a figure.
    guard points.count > 1, let x = Axis(xScale, covering: points.map(\.x)),
      Axis(yScale, covering: points.map(\.y)) != nil,
      let y = Axis(yScale, covering: points.map(\.y) + (level.map { [$0.value] } ?? []))
    else { return nil }
    (self.title, self.xLabel, self.yLabel, self.x, self.y) = (title, xLabel, yLabel, x, y)
    (self.lines, self.band, self.level) = (lines, band, level)
  }

  /// The plot under its heading.
  var figure: Markup {
    tag("figure") {
      tag("figcaption") { title }
      tag("svg", ["viewBox": Self.viewBox, "role": "img"]) {
        tag("title") { "\(title): \(yLabel) over \(xLabel)" }
        tag("desc") { lines.map(\.name).joined(separator: ", ") }
        grid
        if let band { draw(band) }
        if let level { draw(level) }
        for line in lines { draw(line) }
      }
    }
  }
}

extension Numbers {
  /// A number as the label of a tick: "0.002", "1e-05", "30".
  static func short(_ value: Double) -> String { String(format: "%g", value) }
}
