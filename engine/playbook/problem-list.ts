// Diagnostics of several files as one list for machines: editors, continuous integration, code review.
import type { Diagnostic } from './diagnostics.ts';

/** What editors and CI read; its shape is stable. Lines and columns count from 1, columns in UTF-16 units. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  /** The column after the last character. */
  readonly endColumn: number;
  readonly severity: Diagnostic['severity'];
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** By file, line and column; what several playbooks that call the same one say of it stands there once. */
export function sortedDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const one of diagnostics) {
    const { file, line, column } = one.location;
    const key = JSON.stringify([file, line, column, one.code, one.message]);
    if (!found.has(key)) found.set(key, one);
  }
  return [...found.values()].sort(
    ({ location: a, code: codeA }, { location: b, code: codeB }) =>
      compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(codeA, codeB),
  );
}

/** @param textByFile to end a problem with its line; where a file is absent, its problems end where they say. */
export function problemsOf(
  diagnostics: readonly Diagnostic[],
  textByFile: ReadonlyMap<string, string>,
): readonly Problem[] {
  const lines = new Map([...textByFile].map(([file, text]) => [file, text.split(/\r?\n/)]));
  return diagnostics.map(({ location, length, severity, code, message, hint }) => {
    const { file, line, column } = location;
    const width = lines.get(file)?.[line - 1]?.length;
    const end = column + length;
    return {
      file,
      line,
      column,
      endLine: line,
      endColumn: width === undefined ? end : Math.max(column, Math.min(end, width + 1)),
      severity,
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
    };
  });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
