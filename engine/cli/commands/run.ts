import { RunbookError } from '../../errors.ts';
import type { JsonObject } from '../../json.ts';
import type { Plan } from '../../playbook/plan.ts';
import { createRun } from '../../run/create.ts';
import { pinTemplates } from '../../run/templates.ts';
import type { App, CommonOptions } from '../app.ts';
import { createCompiler } from '../playbooks/compiler.ts';
import { findPlaybook, readPlaybook } from '../playbooks/playbook-files.ts';
import { loadConfig, type ProjectConfig } from '../project/load-config.ts';
import { templateFiles } from '../project/template-files.ts';
import { packageVersion } from '../resources.ts';
import { answering } from '../runs/answering.ts';
import { beforeRun } from '../runs/before-run.ts';
import { continueRun } from '../runs/continue-run.ts';
import { drive } from '../runs/drive.ts';
import { readValues } from '../runs/given-values.ts';
import { learnSecrets } from '../runs/learn-secrets.ts';
import { offerUnfinished } from '../runs/offer-unfinished.ts';
import { openRun } from '../runs/open-run.ts';
import { openSecrets } from '../runs/open-secrets.ts';
import { parsePastTime } from '../runs/past-time.ts';
import { resolveRunInputs } from '../runs/resolve-run-inputs.ts';
import { inputPairs, openVault } from '../runs/secret-inputs.ts';
import { readSelection } from '../runs/selection-options.ts';

export interface RunOptions extends CommonOptions {
  readonly input?: readonly string[];
  readonly inputs?: string;
  readonly answers?: string;
  readonly env?: string;
  readonly from?: string;
  readonly only?: readonly string[];
  readonly confirmEach?: boolean;
  readonly title?: string;
  readonly detected?: string;
  readonly yes?: boolean;
  readonly plain?: boolean;
}

export async function run(app: App, playbook: string, options: RunOptions): Promise<number> {
  requireTerminal(app, options);
  const file = findPlaybook(app, playbook);
  const compiler = createCompiler(app);
  const plan = await compiler.plan(readPlaybook(file), file.shown);
  const config = await loadConfig(app, options.env);
  learnSecrets(app.redactor, plan, {
    actions: compiler.actions,
    envs: [app.env, config.env],
    references: config.secrets,
    root: config.root,
  });
  const selection = readSelection(plan, options);
  const given = { ...(await readValues(options.inputs, app.cwd)), ...inputPairs(plan, options.input) };
  const people = await answering(app, plan, { file: options.answers, takesDefaults: options.yes === true });
  const detectedAt = options.detected === undefined ? undefined : parsePastTime(options.detected, app.clock.now());
  const unfinished = await offerUnfinished(app, plan);
  if (unfinished !== null) return continueRun(app, await openRun(app, unfinished), options);
  const vault = openVault(app);
  const inputs = await resolveRunInputs(app, plan, given, vault);
  await requireSecrets(app, plan, config);
  const templates = await pinTemplates(plan, compiler.actions, templateFiles(app));
  const { runId } = await beforeRun(async () =>
    createRun({
      journal: await app.journal(),
      plan,
      inputs,
      operator: app.operator,
      env: config.env,
      random: Math.random,
      version: packageVersion(),
      ...(await surroundings(config)),
      rules: config.rules,
      ...(templates === undefined ? {} : { templates }),
      ...(selection === undefined ? {} : { selection }),
      ...(options.title === undefined ? {} : { title: options.title }),
      ...(detectedAt === undefined ? {} : { detectedAt }),
      ...(options.confirmEach === true ? { confirmEach: true } : {}),
    }),
  );
  showEnvironment(app, config);
  return drive({
    app,
    compiler,
    plan,
    runId,
    isNew: true,
    isPlain: options.plain === true,
    confirmsAll: options.yes === true,
    settings: config,
    vault,
    ...(people === null ? {} : { people }),
  });
}

/** @throws E_USAGE */
function requireTerminal({ terminal, isJson }: App, { confirmEach }: RunOptions): void {
  if (confirmEach !== true || (terminal.isInteractive && !isJson)) return;
  throw new RunbookError({
    code: 'E_USAGE',
    message: '--confirm-each asks before each step, and nobody is here to be asked',
    hint: 'Run it at a terminal, or leave --confirm-each out',
  });
}

/** What is pinned of the project: whom to call, and the environment. */
async function surroundings(
  config: ProjectConfig,
): Promise<{ readonly contacts?: JsonObject; readonly environment?: string }> {
  const contacts = await config.contacts();
  return {
    // Contacts are plain data, checked by their schema.
    ...(contacts === null ? {} : { contacts: contacts as unknown as JsonObject }),
    ...(config.environment === '' ? {} : { environment: config.environment }),
  };
}

function showEnvironment({ terminal, isJson }: App, { environment, isProduction }: ProjectConfig): void {
  if (environment === '' || isJson) return;
  const { palette, print } = terminal;
  const line = `Environment: ${environment}`;
  print(isProduction ? palette.attention(`${line}, which is production`) : palette.dim(line));
}

/** Before there is a run: one that cannot start is not made. @throws E_SECRET_MISSING, E_SECRET_UNREADABLE */
async function requireSecrets(app: App, plan: Plan, config: ProjectConfig): Promise<void> {
  const secrets = openSecrets(app, config, { next: 'run again' });
  for (const name of plan.requires.secrets) await secrets.get(name);
}
