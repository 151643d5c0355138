import { RunbookError } from '../../errors.ts';
import type { Plan } from '../../playbook/plan.ts';
import { createRun } from '../../run/create.ts';
import { createSecrets } from '../../run/secrets.ts';
import type { App, CommonOptions } from '../app.ts';
import { createCompiler } from '../compiler.ts';
import { drive } from '../drive.ts';
import { parsePairs, readValues } from '../given-values.ts';
import { learnSecrets } from '../learn-secrets.ts';
import { findPlaybook, readPlaybook } from '../playbook-files.ts';
import { resolveRunInputs } from '../resolve-run-inputs.ts';
import { packageVersion } from '../resources.ts';

interface RunOptions extends CommonOptions {
  readonly input?: readonly string[];
  readonly inputs?: string;
  readonly title?: string;
  readonly detected?: string;
  readonly yes?: boolean;
  readonly plain?: boolean;
}

export async function run(app: App, playbook: string, options: RunOptions): Promise<number> {
  const file = findPlaybook(app, playbook);
  const compiler = createCompiler();
  const plan = compiler.plan(readPlaybook(file), file.shown);
  learnSecrets(app.redactor, plan, { actions: compiler.actions, envs: [app.env] });
  const given = { ...(await readValues(options.inputs, app.cwd)), ...parsePairs(options.input ?? [], '--input') };
  const detectedAt = options.detected === undefined ? undefined : parseTime(options.detected, app.clock.now());
  const inputs = await resolveRunInputs(app, plan, given);
  await requireSecrets(app, plan);
  const { runId } = await createRun({
    journal: await app.journal(),
    plan,
    inputs,
    operator: app.operator,
    env: app.env,
    random: Math.random,
    version: packageVersion(),
    ...(options.title === undefined ? {} : { title: options.title }),
    ...(detectedAt === undefined ? {} : { detectedAt }),
  });
  return drive({
    app,
    compiler,
    plan,
    runId,
    isNew: true,
    isPlain: options.plain === true,
    confirmsAll: options.yes === true,
    env: app.env,
  });
}

/** Before there is a run: one that cannot start is not made. @throws E_SECRET_MISSING */
async function requireSecrets(app: App, plan: Plan): Promise<void> {
  const secrets = createSecrets({ env: app.env, onResolved: (name, value) => app.redactor.add(name, value) });
  for (const name of plan.requires.secrets) {
    try {
      await secrets.get(name);
    } catch (error) {
      if (!(error instanceof RunbookError) || error.code !== 'E_SECRET_MISSING') throw error;
      // There is no run yet that could be resumed.
      const { code, message } = error;
      throw new RunbookError({ code, message, hint: `Set the environment variable ${name}, then run again` });
    }
  }
}

/** ISO 8601 with a zone, or HH:MM of the last 24 hours, UTC. @throws E_USAGE */
function parseTime(text: string, now: number): string {
  const clock = /^(\d{1,2}):(\d{2})$/.exec(text);
  const day = new Date(now).toISOString().slice(0, 10);
  const hasZone = /T.*(Z|[+-]\d{2}:?\d{2})$/.test(text);
  let time = clock ? Date.parse(`${day}T${text.padStart(5, '0')}:00Z`) : hasZone ? Date.parse(text) : Number.NaN;
  if (clock && time > now) time -= 86_400_000;
  if (Number.isNaN(time)) {
    throw new RunbookError({
      code: 'E_USAGE',
      message: `--detected does not understand ${text}`,
      hint: 'For example 2026-05-12T03:00:00Z, or 03:00 (UTC)',
    });
  }
  if (time > now) throw new RunbookError({ code: 'E_USAGE', message: `--detected ${text} lies in the future` });
  return new Date(time).toISOString();
}
