import CCodes

/// One quasi-cyclic code of the table: a base matrix of rows and 256 columns whose entries are shifts.
///
/// With `lifting` lanes, check `i` of a row is the sum modulo 2 of the bits `(i + shift) mod lifting` of the columns
/// that the row's entries name. A row can be split: the first half of its entries, rounded up, forms one check, the
/// others another. Documentation/Protocol/Codes.md describes the table.
struct ParityCheckCode: Sendable {
  static var count: Int { Int(gimbal_code_count) }
  static var columns: Int { Int(gimbal_code_column_count) }
  static var rowsMax: Int { Int(gimbal_code_rows_max) }
  static var entriesMax: Int { Int(gimbal_code_entries_max) }
  static var rowEntriesMax: Int { Int(gimbal_code_row_entries_max) }

  private let firstRow: Int32
  let rows: Int

  init(_ code: Int) {
    precondition(code >= 0 && code < Self.count)
    firstRow = gimbal_code_first_row(Int32(code))
    rows = Int(gimbal_code_first_row(Int32(code) + 1) - firstRow)
  }

  /// Numbers of the entries of a row, counted through all codes.
  func entries(row: Int) -> Range<Int> {
    precondition(row >= 0 && row < rows)
    let row = firstRow + Int32(row)
    return Int(gimbal_code_row_start(row))..<Int(gimbal_code_row_start(row + 1))
  }

  /// How many entries form the first half of a row of `count`.
  static func firstHalf(of count: Int) -> Int { (count + 1) / 2 }

  static func column(entry: Int) -> Int { Int(gimbal_code_column(Int32(entry))) }

  static func shift(entry: Int, lifting: Int) -> Int { Int(gimbal_code_shift(Int32(entry))) % lifting }
}
