// Diagnostics as text for people: where, what, the lines around it, and what to do.
import type { Diagnostic } from './diagnostics.ts';

const CONTEXT_LINES = 2;
const MAX_WIDTH = 160;

interface Paint {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

/**
 * @param textByFile the text of each file named; one that is absent is shown without its lines.
 * @returns the report, diagnostics apart by an empty line, without one at the end.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  textByFile: ReadonlyMap<string, string>,
  { color }: { readonly color: boolean },
): string {
  const paint = color ? COLORS : PLAIN;
  const lines = new Map([...textByFile].map(([file, text]) => [file, text.split(/\r?\n/)]));
  return diagnostics.map((diagnostic) => render(diagnostic, lines.get(diagnostic.location.file), paint)).join('\n\n');
}

/** `2 errors, 1 warning`. */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Diagnostic['severity']): string => {
    const number = diagnostics.filter((one) => one.severity === severity).length;
    return `${number} ${severity}${number === 1 ? '' : 's'}`;
  };
  return `${count('error')}, ${count('warning')}`;
}

function render(
  { severity, code, message, hint, location, length }: Diagnostic,
  lines: readonly string[] | undefined,
  paint: Paint,
): string {
  const level = paint[severity](`${severity} ${code}`);
  const head = `${paint.bold(`${location.file}:${location.line}:${location.column}`)} ${level} ${message}`;
  const frame =
    lines === undefined
      ? []
      : frameOf(lines, { line: location.line, column: location.column, length, mark: paint[severity], dim: paint.dim });
  const help = hint === undefined ? [] : [`${paint.dim('  hint:')} ${hint}`];
  return [head, ...frame, ...help].join('\n');
}

interface Frame {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly mark: (text: string) => string;
  readonly dim: (text: string) => string;
}

function frameOf(lines: readonly string[], { line, column, length, mark, dim }: Frame): string[] {
  const first = Math.max(1, line - CONTEXT_LINES);
  const last = Math.min(lines.length, line + CONTEXT_LINES);
  const gutter = String(last).length;
  const target = lines[line - 1] ?? '';
  // A long line is shown from shortly before the problem.
  const skip = target.length > MAX_WIDTH && column > MAX_WIDTH / 2 ? column - MAX_WIDTH / 2 : 0;
  const shown: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = printable((lines[number - 1] ?? '').slice(skip, skip + MAX_WIDTH));
    shown.push(
      `${dim(`${number === line ? '>' : ' '} ${String(number).padStart(gutter)} |`)}${text === '' ? '' : ` ${text}`}`,
    );
    if (number !== line) continue;
    const width = Math.max(1, Math.min(length, target.length - column + 1, MAX_WIDTH - (column - 1 - skip)));
    shown.push(`${dim(`  ${' '.repeat(gutter)} |`)} ${' '.repeat(column - 1 - skip)}${mark('^'.repeat(width))}`);
  }
  return shown;
}

/** Control characters, tabs among them, take one column and do nothing to the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (char) => (char === '\t' ? ' ' : '·'));
}

const ansi = (open: number, close: number) => (text: string) => `\u001b[${open}m${text}\u001b[${close}m`;
const same = (text: string): string => text;
const COLORS: Paint = { error: ansi(31, 39), warning: ansi(33, 39), dim: ansi(2, 22), bold: ansi(1, 22) };
const PLAIN: Paint = { error: same, warning: same, dim: same, bold: same };
