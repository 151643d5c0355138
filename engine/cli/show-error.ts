// The one place where an error becomes text: what, where, why, what to do next.
import { messageOf, RunbookError } from '../errors.ts';
import type { Redactor } from '../store/journal.ts';
import type { Palette } from '../ui/palette.ts';
import { clean, hang } from '../ui/text.ts';

export interface ErrorView {
  readonly isJson: boolean;
  readonly isDebug: boolean;
  readonly palette: Palette;
  readonly redactor: Redactor;
  /** Of the terminal that shows it; absent: no line is broken. */
  readonly columns?: number;
}

export function errorText(error: unknown, view: ErrorView): string {
  const safe = (text: string): string => clean(view.redactor.text(text));
  return view.isJson ? errorJson(error, view, safe) : errorLines(error, view, safe).join('\n');
}

function errorLines(error: unknown, view: ErrorView, safe: (text: string) => string): string[] {
  const { palette, isDebug, columns = Number.POSITIVE_INFINITY } = view;
  const known = error instanceof RunbookError ? error : null;
  const code = known ? palette.dim(` [${known.code}]`) : '';
  const lines = hang(`${palette.bad(palette.bold('error'))} `, safe(messageOf(error)) + code, columns);
  const add = (lead: string, text: string): void => void lines.push(...hang(lead, text, columns));
  if (known?.location) add('  where: ', safe(`${known.location.file}:${known.location.line}:${known.location.column}`));
  for (const cause of causesOf(error)) add('  why:   ', safe(cause));
  if (known?.hint !== undefined) add('  next:  ', safe(known.hint));
  if (!known)
    add('  next:  ', 'This is a fault of runbook itself. Run it again with --debug and report what it prints');
  if (isDebug && error instanceof Error && error.stack !== undefined) lines.push('', safe(error.stack));
  return lines;
}

function errorJson(error: unknown, { isDebug }: ErrorView, safe: (text: string) => string): string {
  const known = error instanceof RunbookError ? error : null;
  return JSON.stringify({
    error: {
      code: known?.code ?? 'E_INTERNAL',
      message: safe(messageOf(error)),
      ...(known?.hint === undefined ? {} : { hint: safe(known.hint) }),
      ...(known?.location === undefined ? {} : { location: known.location }),
      ...(isDebug && error instanceof Error ? { stack: safe(error.stack ?? '') } : {}),
    },
  });
}

/** Causes that the message does not tell already. */
function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  let told = messageOf(error);
  let cause: unknown = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && cause !== null && causes.length < 5) {
    const text = messageOf(cause);
    if (!told.includes(text)) causes.push(text);
    told += text;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}
