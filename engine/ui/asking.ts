// What a question writes around its prompts, and how a prompt ends that nobody answered.
import type { Actor } from '../run/events.ts';
import type { Palette } from './palette.ts';

export interface Console {
  readonly write: (line: string) => void;
  readonly columns: () => number;
  readonly rows: () => number;
  readonly palette: Palette;
}

/** What every question needs. */
export interface Asking {
  readonly signal: AbortSignal;
  readonly console: Console;
  readonly actor: Actor;
}

/** What a question answers when the operator would rather stop here. */
export const PAUSE = { kind: 'pause' } as const;

/** The operator pressed Ctrl-C at a prompt: Inquirer takes the key, no signal comes. */
export function isInterrupt(error: unknown): boolean {
  return error instanceof Error && error.name === 'ExitPromptError';
}

/** The question was closed from outside: answered elsewhere, or the run stops. */
export function isClosed(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortPromptError' || error.name === 'AbortError');
}
