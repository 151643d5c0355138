// The one place where an error becomes text: what, where, why, what to do next.
import { RunbookError } from '../errors.ts';
import type { Redactor } from '../store/journal.ts';
import type { Palette } from '../ui/palette.ts';
import { clean } from '../ui/text.ts';

export interface ErrorView {
  readonly isJson: boolean;
  readonly isDebug: boolean;
  readonly palette: Palette;
  readonly redactor: Redactor;
}

export function errorText(error: unknown, view: ErrorView): string {
  const safe = (text: string): string => clean(view.redactor.text(text));
  return view.isJson ? errorJson(error, view, safe) : errorLines(error, view, safe).join('\n');
}

function errorLines(error: unknown, { palette, isDebug }: ErrorView, safe: (text: string) => string): string[] {
  const known = error instanceof RunbookError ? error : null;
  const lines = [
    `${palette.bad(palette.bold('error'))} ${safe(messageOf(error))}${known ? palette.dim(` [${known.code}]`) : ''}`,
  ];
  if (known?.location)
    lines.push(`  where: ${safe(`${known.location.file}:${known.location.line}:${known.location.column}`)}`);
  for (const cause of causesOf(error)) lines.push(`  why:   ${safe(cause)}`);
  if (known?.hint !== undefined) lines.push(`  next:  ${safe(known.hint)}`);
  if (!known)
    lines.push('  next:  This is a fault of runbook itself. Run it again with --debug and report what it prints');
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
