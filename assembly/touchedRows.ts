// Gradient tables of which a batch changes few rows. One byte per row records whether the row was touched. A row whose
// byte is 0 is zero, so clearing a table or adding one table to another visits the touched rows only.
import { addRow } from './embedding';
import { at, fill } from './memory';

/** Returns the first touched row from r on, or `rows`. Skips eight bytes at a time while all of them are 0. */
// @ts-ignore: decorator
@inline
function nextTouched(touched: usize, r: i32, rows: i32): i32 {
  while (r + 8 <= rows && load<u64>(touched + <usize>r) == 0) r += 8;
  while (r < rows && !load<u8>(touched + <usize>r)) r++;
  return r;
}

/** Sets the touched rows of table[rows,width] to zero; `touched` does not change. */
export function clearRows(rows: i32, width: i32, table: usize, touched: usize): void {
  for (let r = nextTouched(touched, 0, rows); r < rows; r = nextTouched(touched, r + 1, rows)) {
    fill(at(table, r * width), width, 0);
  }
}

/**
 * dst[rows,width] += src[rows,width]. Only the `touched` rows of src can differ from zero. They are also marked in
 * dstTouched.
 */
export function addRows(rows: i32, width: i32, dst: usize, dstTouched: usize, src: usize, srcTouched: usize): void {
  for (let r = nextTouched(srcTouched, 0, rows); r < rows; r = nextTouched(srcTouched, r + 1, rows)) {
    store<u8>(dstTouched + <usize>r, 1);
    addRow(at(dst, r * width), at(src, r * width), width);
  }
}
