// A run as it stands, with its own playbook compiled: what every command about a run begins with.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { invariant, RunbookError } from '../../errors.ts';
import type { Plan } from '../../playbook/plan.ts';
import type { EventData } from '../../run/events.ts';
import { foldRun } from '../../run/session.ts';
import type { RunState } from '../../run/state.ts';
import { changedTemplates } from '../../run/templates.ts';
import type { Journal } from '../../store/journal.ts';
import type { App } from '../app.ts';
import { existingJournal } from '../keeping/existing-store.ts';
import { builtInPath, type Compiler, createCompiler } from '../playbooks/compiler.ts';
import { loadConfig, type ProjectConfig } from '../project/load-config.ts';
import { templateFiles } from '../project/template-files.ts';
import { findRun } from './find-run.ts';
import { learnSecrets } from './learn-secrets.ts';

export interface OpenedRun {
  readonly journal: Journal;
  readonly runId: string;
  readonly state: RunState;
  readonly created: EventData['run.created'];
  readonly compiler: Compiler;
  readonly plan: Plan;
  /** The project's settings in the environment that the run was started in. */
  readonly config: ProjectConfig;
}

/**
 * From here on this process stores and prints no secret that the run's playbook names.
 * @throws E_STORE_MISSING, E_RUN_UNKNOWN, E_RUN_AMBIGUOUS, PlaybookInvalid. Reading `config` throws E_CONFIG_… and
 * E_ENVIRONMENT_UNKNOWN.
 */
export async function openRun(app: App, given: string | undefined): Promise<OpenedRun> {
  const journal = await existingJournal(app);
  const { id: runId } = await findRun(journal, given);
  const state = await foldRun({ journal, runId, clock: app.clock });
  const { created } = state;
  invariant(created, 'a folded run was created');
  const compiler = createCompiler(app);
  const plan = await compiler.pinned(created);
  const config = await configOf(app, created.environment ?? '');
  const known = config instanceof RunbookError ? null : config;
  learnSecrets(app.redactor, plan, {
    actions: compiler.actions,
    envs: known === null ? [app.env] : [app.env, known.env],
    ...(known === null ? {} : { references: known.secrets, root: known.root }),
  });
  return {
    journal,
    runId,
    state,
    created,
    compiler,
    plan,
    get config() {
      if (config instanceof RunbookError) throw config;
      return config;
    },
  };
}

/** A config that no longer fits keeps nobody from looking at a run: only who needs it is refused. */
async function configOf(app: App, environment: string): Promise<ProjectConfig | RunbookError> {
  try {
    return await loadConfig(app, environment);
  } catch (error) {
    if (error instanceof RunbookError && /^E_(CONFIG|ENVIRONMENT)_/.test(error.code)) return error;
    throw error;
  }
}

/** A sentence where the playbook's file is no longer what the run pinned; null where it is. */
export function changedFileLine(app: App, { playbook }: EventData['run.created']): string | null {
  const path = builtInPath(playbook.file) ?? resolve(app.cwd, playbook.file);
  if (!existsSync(path) || readFileSync(path, 'utf8') === playbook.text) return null;
  return `${playbook.file} has changed since this run started. The run goes on with the text it started with; runbook resume --adopt takes the new one.`;
}

/** The same of the templates that the run pinned. */
export function changedTemplatesLine(app: App, { templates = {} }: EventData['run.created']): string | null {
  const changed = changedTemplates(templates, templateFiles(app));
  if (changed.length === 0) return null;
  return `${changed.join(', ')}: changed, or gone, since this run started. The run goes on with the ${changed.length === 1 ? 'text' : 'texts'} it started with.`;
}
