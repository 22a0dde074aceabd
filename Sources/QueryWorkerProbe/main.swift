import Foundation
import QueryEngineDuckDB

exit(DuckDBWorker.run(arguments: Array(CommandLine.arguments.dropFirst())))
