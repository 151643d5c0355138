// Commands called as functions, in a project of their own: what they print and their exit code, without the half second
// that a process takes to start.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { App } from '../../engine/cli/app.ts';
import { exitCodeOf } from '../../engine/cli/exit-codes.ts';
import { findProject } from '../../engine/cli/project/project.ts';
import { schemaNamed } from '../../engine/cli/resources.ts';
import { errorText } from '../../engine/cli/show-error.ts';
import { EMPTY_CONFIG, parseConfig } from '../../engine/project/config.ts';
import { createRedactor } from '../../engine/redact.ts';
import { type Clock, systemClock } from '../../engine/run/clock.ts';
import type { Store } from '../../engine/store/journal.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import type { Outcome } from './cli.ts';

export interface CallOptions {
  readonly json?: boolean;
  readonly as?: string;
  readonly clock?: Clock;
}

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'runbook-in-process-'));
  readonly #redactor = createRedactor();
  #journal: Promise<Store> | null = null;

  constructor() {
    this.write('runbook.config.yaml', '');
  }

  write(path: string, text: string): void {
    const file = join(this.path, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  journal(): Promise<Store> {
    this.#journal ??= openSqliteJournal({ file: join(this.path, '.runbook', 'runs.db'), redactor: this.#redactor });
    return this.#journal;
  }

  /** Calls a command as main.ts does; nobody is at the terminal. */
  async call(command: (app: App) => Promise<number>, options: CallOptions = {}): Promise<Outcome> {
    const printed: string[] = [];
    const told: string[] = [];
    const palette = createPalette(false);
    const parse = async (file: App['project']['config']) =>
      file === null ? EMPTY_CONFIG : parseConfig(file, schemaNamed('config'));
    const env = { PATH: process.env.PATH, HOME: this.path };
    const project = await findProject(this.path, env, parse);
    const app: App = {
      cwd: this.path,
      env,
      isJson: options.json === true,
      terminal: {
        print: (text) => printed.push(text),
        tell: (text) => told.push(text),
        palette,
        errorPalette: palette,
        isInteractive: false,
        hasColor: false,
        columns: () => 120,
        rows: () => 40,
      },
      clock: options.clock ?? systemClock,
      redactor: this.#redactor,
      project,
      config: () => parse(project.config),
      operator: options.as ?? 'ana',
      journal: () => this.journal(),
      close: async () => undefined,
    };
    let exitCode: number;
    try {
      exitCode = await command(app);
    } catch (error) {
      told.push(errorText(error, { isJson: false, isDebug: false, palette, redactor: this.#redactor }));
      exitCode = exitCodeOf(error);
    }
    return { exitCode, stdout: printed.join('\n'), stderr: told.join('\n') };
  }

  async remove(): Promise<void> {
    await (await this.#journal)?.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The lines of JSON that a command printed. */
export function jsonLines({ stdout }: Outcome): readonly { readonly [name: string]: unknown }[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}
