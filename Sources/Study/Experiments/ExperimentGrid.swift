/// The rows that an experiment's file stands for.
enum ExperimentGrid {
  /// Every row of `fields`, those of a grid in the order of the keys' names, the last key fastest.
  ///
  /// - Parameter threads: set in every row whatever the file says; nil for the file's.
  static func rows(
    _ fields: SettingsFields, over settings: SettingsTree, threads: Int?
  ) -> [Experiment.Row] {
    guard case .array(let items)? = fields.tree("rows") else {
      if fields.has("rows") { fields.fault("rows", "a list of objects") }
      return []
    }
    return items.enumerated().flatMap { index, item in
      expand(
        item, over: settings, threads: threads, place: "rows[\(index)]", faults: fields.faults)
    }
  }

  private static func expand(
    _ item: SettingsTree, over settings: SettingsTree, threads: Int?, place: String,
    faults: SettingsFields.Faults
  ) -> [Experiment.Row] {
    guard case .object(var own) = item else {
      faults.list.append(.init(place: place, found: item.brief, expected: "an object"))
      return []
    }
    let reader = SettingsFields(item, place: place, faults: faults)
    let name = reader.required("name")
    let axes = axes(reader)
    own["name"] = nil
    own["grid"] = nil
    let base = settings.overlaid(by: .object(own))
    return points(axes).compactMap { point in
      var tree = base
      for (path, value) in point {
        guard let next = tree.setting(path, to: value) else {
          faults.list.append(
            .init(place: "\(place).grid", found: path, expected: "the path of a setting"))
          return nil
        }
        tree = next
      }
      if let threads {
        tree = tree.setting("recipe.threads", to: .number(Double(threads))) ?? tree
      }
      let label = ([name] + point.map { "\($0.path)=\($0.value.brief)" }).joined(separator: ", ")
      return Experiment.Row(
        name: label,
        settings: ExperimentSettings(SettingsFields(tree, place: place, faults: faults)),
        place: place)
    }
  }

  private static func axes(_ reader: SettingsFields) -> [(path: String, values: [SettingsTree])] {
    guard let grid = reader.object("grid") else { return [] }
    return grid.keys.compactMap { key in
      guard case .array(let values)? = grid.tree(key), !values.isEmpty else {
        grid.fault(key, "a list of values")
        return nil
      }
      return (key, values)
    }
  }

  /// The product of all axes; one empty point for none.
  private static func points(
    _ axes: [(path: String, values: [SettingsTree])]
  ) -> [[(path: String, value: SettingsTree)]] {
    axes.reduce([[]]) { points, axis in
      points.flatMap { point in axis.values.map { point + [(axis.path, $0)] } }
    }
  }
}
