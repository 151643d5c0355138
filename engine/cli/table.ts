// Columns of text, as wide as their widest cell.
import { oneLine, textWidth } from '../ui/text.ts';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  return cells.map(rowFormat(head, cells));
}

/** Walks the rows once for their widths and keeps none of them. Their text is one line each already, and clean. */
export function rowFormat(
  head: readonly string[],
  rows: Iterable<readonly string[]>,
): (row: readonly string[]) => string {
  const widths = head.map(textWidth);
  for (const row of rows)
    for (const [column, cell] of row.entries()) {
      // A UTF-16 unit takes two columns at most: what cannot be wider is not measured.
      if (cell.length * 2 > (widths[column] ?? 0)) widths[column] = Math.max(widths[column] ?? 0, textWidth(cell));
    }
  const pad = (text: string, column: number): string =>
    text + ' '.repeat(Math.max(0, (widths[column] ?? 0) - textWidth(text)));
  return (row) => row.map(pad).join('  ').trimEnd();
}
