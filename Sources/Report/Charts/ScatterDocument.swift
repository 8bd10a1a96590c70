import Harness

/// Points in the plane, coloured by group, as a picture that stands by itself.
///
/// A point carries neither name nor number, and coordinates are rounded to a tenth of a pixel. The
/// same content gives the same bytes.
public struct ScatterDocument: Sendable {
  public var title: String
  /// Under the title: what the picture says and what it does not.
  public var note: String
  public var groups: [Group]

  /// Points of one colour.
  public struct Group: Sendable {
    public var name: String
    public var points: [(x: Double, y: Double)]

    /// Points that are not finite are left out.
    public init(name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
    }
  }

  public init(title: String, note: String, groups: [Group]) {
    (self.title, self.note, self.groups) = (title, note, groups)
  }

  private static let width = 640.0
  private static let height = 640.0
  /// From dark to light: the groups have an order, which shows in grey too (viridis, six steps).
  private static let colours = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#d8c400"]

  /// The SVG document; both axes have one scale.
  public var svg: String {
    var out = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 640" role="img">
      <title>\(Escaping.markup(title))</title>
      <style>text{font:12px sans-serif;fill:#333}circle{fill-opacity:.75}</style>
      <rect width="640" height="640" fill="#fff"/>
      <text x="320" y="22" text-anchor="middle">\(Escaping.markup(title))</text>
      <text x="320" y="40" text-anchor="middle">\(Escaping.markup(note))</text>

      """
    let all = groups.flatMap(\.points)
    guard let left = all.map(\.x).min(), let right = all.map(\.x).max(),
      let bottom = all.map(\.y).min(), let top = all.map(\.y).max()
    else { return out + "</svg>\n" }
    let span = max(right - left, top - bottom)
    let scale = span > 0 ? (Self.width - 60) / span * 0.88 : 1
    let (midX, midY) = ((left + right) / 2, (bottom + top) / 2)
    for (number, group) in groups.enumerated() {
      out += #"<g fill="\#(Self.colours[number % Self.colours.count])">"#
      for point in group.points {
        let x = Self.width / 2 + (point.x - midX) * scale
        let y = (Self.height + 30) / 2 - 10 - (point.y - midY) * scale
        out += #"<circle cx="\#(SVG.number(x))" cy="\#(SVG.number(y))" r="3"/>"#
      }
      out += "</g>\n"
    }
    for (number, group) in groups.enumerated() {
      let x = 40 + Double(number) * 96
      out += #"<circle cx="\#(SVG.number(x))" cy="622" r="5" "#
      out += #"fill="\#(Self.colours[number % Self.colours.count])"/>"#
      out += #"<text x="\#(SVG.number(x + 10))" y="626">\#(Escaping.markup(group.name))</text>"#
    }
    return out + "\n</svg>\n"
  }
}
