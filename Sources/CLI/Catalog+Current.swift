import Pipeline

extension Catalog {
  /// What the words of this command line may name.
  ///
  /// Commands and their options are made by the parser, which hands nothing down; a task-local value
  /// reaches them without being global.
  @TaskLocal static var current = Catalog()
}
