// Gathers what is wrong with a file, so that one validation tells everything at once.

import type { SourceLocation } from '../errors.ts';
import type { Diagnostic } from './diagnostics.ts';

/** A stretch of a file: where it starts, and how many characters of that line a code frame underlines. */
export interface Span {
  readonly location: SourceLocation;
  readonly length: number;
}

export interface Collector {
  error(at: Span, code: string, message: string, hint?: string): void;
  warn(at: Span, code: string, message: string, hint?: string): void;
  readonly hasErrors: boolean;
  /** All problems in the order of the file, none twice. */
  list(): readonly Diagnostic[];
}

export function createCollector(): Collector {
  const found = new Map<string, Diagnostic>();
  let errorCount = 0;
  const add = (severity: Diagnostic['severity'], at: Span, code: string, message: string, hint?: string): void => {
    const { line, column } = at.location;
    const key = `${line}:${column}:${code}:${message}`;
    if (found.has(key)) return;
    if (severity === 'error') errorCount += 1;
    const length = Math.max(1, at.length);
    found.set(key, { severity, code, message, location: at.location, length, ...(hint === undefined ? {} : { hint }) });
  };
  return {
    error: (at, code, message, hint) => add('error', at, code, message, hint),
    warn: (at, code, message, hint) => add('warning', at, code, message, hint),
    get hasErrors() {
      return errorCount > 0;
    },
    list: () => [...found.values()].sort(compareDiagnostics),
  };
}

function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    a.location.line - b.location.line ||
    a.location.column - b.location.column ||
    (a.code < b.code ? -1 : Number(a.code > b.code))
  );
}
