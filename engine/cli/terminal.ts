// The streams of this process and what may be written to them.
import { createPalette, type Palette } from '../ui/palette.ts';
import { withCommandName } from './command-name.ts';

export interface Terminal {
  /** One line, or several, to standard output. */
  print(text: string): void;
  /** The same to standard error: what is about the command, not its result. */
  tell(text: string): void;
  readonly palette: Palette;
  readonly errorPalette: Palette;
  /** A person can be shown a live tree and asked. */
  readonly isInteractive: boolean;
  readonly hasColor: boolean;
  columns(): number;
  rows(): number;
}

export function createTerminal(env: { readonly [name: string]: string | undefined }): Terminal {
  const { stdin, stdout, stderr } = process;
  const mayColor = (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const isForced = (env.FORCE_COLOR ?? '0') !== '0';
  const hasColor = mayColor && (stdout.isTTY === true || isForced);
  return {
    print: (text) => void stdout.write(`${withCommandName(text, env)}\n`),
    tell: (text) => void stderr.write(`${withCommandName(text, env)}\n`),
    palette: createPalette(hasColor),
    errorPalette: createPalette(mayColor && (stderr.isTTY === true || isForced)),
    isInteractive: stdin.isTTY === true && stdout.isTTY === true && env.TERM !== 'dumb',
    hasColor,
    columns: () => stdout.columns ?? 80,
    rows: () => stdout.rows ?? 24,
  };
}

/** A reader that went away (`runbook runs | head`) ends the command, quietly. */
export function exitQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}
