// Tables of gradients of which a batch touches few rows: a byte per row tells which. A row whose byte is 0 is zero, so that clearing a table
// and adding one to another pass over the rest alone.
import { addRow } from './embedding';
import { at, fill } from './memory';

/** The first touched row from r on, or `rows`; eight bytes at a time where none of them is set. */
// @ts-ignore: decorator
@inline
function nextTouched(touched: usize, r: i32, rows: i32): i32 {
  while (r + 8 <= rows && load<u64>(touched + <usize>r) == 0) r += 8;
  while (r < rows && !load<u8>(touched + <usize>r)) r++;
  return r;
}

/** table[rows,width] = 0; `touched` stays. */
export function clearRows(rows: i32, width: i32, table: usize, touched: usize): void {
  for (let r = nextTouched(touched, 0, rows); r < rows; r = nextTouched(touched, r + 1, rows)) {
    fill(at(table, r * width), width, 0);
  }
}

/** dst[rows,width] += src[rows,width], of which `touched` rows may differ from zero; dst's are then its own and src's. */
export function addRows(rows: i32, width: i32, dst: usize, dstTouched: usize, src: usize, srcTouched: usize): void {
  for (let r = nextTouched(srcTouched, 0, rows); r < rows; r = nextTouched(srcTouched, r + 1, rows)) {
    store<u8>(dstTouched + <usize>r, 1);
    addRow(at(dst, r * width), at(src, r * width), width);
  }
}
