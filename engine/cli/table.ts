// Columns of text, as wide as their widest cell.
import { oneLine, textWidth } from '../ui/text.ts';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => textWidth(row[column] ?? ''))));
  const pad = (text: string, column: number): string =>
    text + ' '.repeat(Math.max(0, (widths[column] ?? 0) - textWidth(text)));
  return cells.map((row) => row.map(pad).join('  ').trimEnd());
}
