// What every command is handed. Made once; the heavy parts only when a command asks for them.
import type { LearningRedactor } from '../redact.ts';
import { type Clock, systemClock } from '../run/clock.ts';
import type { Journal } from '../store/journal.ts';
import { findOperator } from './operator.ts';
import { findProject, type Project } from './project.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/** The options that every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly as?: string;
  readonly debug?: boolean;
}

export interface App {
  readonly cwd: string;
  readonly env: { readonly [name: string]: string | undefined };
  readonly isJson: boolean;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** The only one of this process: what it has learnt holds for the journal and for every line that is printed. */
  readonly redactor: LearningRedactor;
  readonly project: Project;
  readonly operator: string;
  /** Opens the store at the first call; `close` closes it. */
  journal(): Promise<Journal>;
  close(): Promise<void>;
}

export function createApp(options: CommonOptions, redactor: LearningRedactor): App {
  const { env } = process;
  const cwd = process.cwd();
  let project: Project | null = null;
  let operator: string | null = null;
  let opening: Promise<Journal> | null = null;
  const app: App = {
    cwd,
    env,
    isJson: options.json === true,
    terminal: createTerminal(env),
    clock: systemClock,
    redactor,
    get project() {
      project ??= findProject(cwd, env);
      return project;
    },
    get operator() {
      operator ??= findOperator({ as: options.as, env, cwd });
      return operator;
    },
    journal() {
      opening ??= open(app.project.storeFile, redactor);
      return opening;
    },
    async close() {
      await (await opening?.catch(() => null))?.close();
    },
  };
  return app;
}

async function open(file: string, redactor: LearningRedactor): Promise<Journal> {
  const { openSqliteJournal } = await import('../store/sqlite/open.ts');
  return openSqliteJournal({ file, redactor });
}
