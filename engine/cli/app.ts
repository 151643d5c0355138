// What every command is handed. Made once; the heavy parts only when a command asks for them.
import type { Config } from '../project/config.ts';
import type { LearningRedactor } from '../redact.ts';
import { type Clock, systemClock } from '../run/clock.ts';
import type { Store } from '../store/journal.ts';
import { findOperator } from './operator.ts';
import { findProject, type Project } from './project/project.ts';
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
  /** What runbook.config.yaml says; parsed at the first call. @throws E_CONFIG_INVALID */
  config(): Promise<Config>;
  readonly operator: string;
  /**
   * Opens the store at the first call; `close` closes it.
   * @param options `mustExist`: a database that holds no store yet is left as it is. @throws E_STORE_MISSING then
   */
  journal(options?: { readonly mustExist?: boolean }): Promise<Store>;
  close(): Promise<void>;
}

export interface AppSettings {
  /** For what looks at the config itself: one that is not valid says nothing of places. */
  readonly forgivesConfig?: boolean;
}

/** @throws E_CONFIG_NOT_READABLE, E_CONFIG_INVALID where the config says where things are. */
export async function createApp(
  options: CommonOptions,
  redactor: LearningRedactor,
  settings: AppSettings = {},
): Promise<App> {
  const { env } = process;
  const cwd = process.cwd();
  let parsing: Promise<Config> | null = null;
  const config = (file: Project['config']): Promise<Config> => {
    parsing ??= parse(file);
    return parsing;
  };
  const forgiving = (file: Project['config']) =>
    config(file).catch(() => ({ playbooks: ['playbooks'], actions: ['actions'] }));
  const project = await findProject(cwd, env, settings.forgivesConfig === true ? forgiving : config);
  let operator: string | null = null;
  let opening: Promise<Store> | null = null;
  const app: App = {
    cwd,
    env,
    isJson: options.json === true,
    terminal: createTerminal(env),
    clock: systemClock,
    redactor,
    project,
    config: () => config(project.config),
    get operator() {
      operator ??= findOperator({ as: options.as, env, cwd });
      return operator;
    },
    journal({ mustExist = false } = {}) {
      opening ??= open(app, mustExist);
      return opening;
    },
    async close() {
      await (await opening?.catch(() => null))?.close();
    },
  };
  return app;
}

async function parse(file: Project['config']): Promise<Config> {
  const [{ EMPTY_CONFIG, parseConfig }, { schemaNamed }] = await Promise.all([
    import('../project/config.ts'),
    import('./resources.ts'),
  ]);
  return file === null ? EMPTY_CONFIG : parseConfig(file, schemaNamed('config'));
}

async function open({ project, redactor, env }: App, mustExist: boolean): Promise<Store> {
  const url = project.storeUrl;
  if (url === null) {
    const { openSqliteJournal } = await import('../store/sqlite/open.ts');
    return openSqliteJournal({ file: project.storeFile, redactor });
  }
  const [{ openPostgresJournal }, { parseAddress }] = await Promise.all([
    import('../store/postgres/open.ts'),
    import('../store/postgres/address.ts'),
  ]);
  for (const password of parseAddress(url).passwords) redactor.add('RUNBOOK_STORE', password);
  if (env.PGPASSWORD !== undefined) redactor.add('PGPASSWORD', env.PGPASSWORD);
  return openPostgresJournal({ url, redactor, mustExist });
}
