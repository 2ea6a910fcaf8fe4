import Pipeline

extension Catalog {
  /// The catalog that the words of this command line refer to.
  ///
  /// The parser creates commands and options itself and cannot pass anything to them; a task-local
  /// value reaches them without being global.
  @TaskLocal static var current = Catalog()
}
