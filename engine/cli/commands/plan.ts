import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../json.ts';
import type { Plan } from '../../playbook/plan.ts';
import { nobody, type People } from '../../run/people.ts';
import { type PreviewOptions, preview } from '../../run/preview/preview.ts';
import { planLines } from '../../ui/plan-text.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { watchInterrupts } from '../interrupts.ts';
import { type Compiler, createCompiler } from '../playbooks/compiler.ts';
import { findPlaybook, readPlaybook } from '../playbooks/playbook-files.ts';
import { loadConfig } from '../project/load-config.ts';
import { templateFiles } from '../project/template-files.ts';
import { packageVersion } from '../resources.ts';
import { answering } from '../runs/answering.ts';
import { databaseSettings } from '../runs/database-settings.ts';
import type { RunSettings } from '../runs/drive.ts';
import { readValues } from '../runs/given-values.ts';
import { learnSecrets } from '../runs/learn-secrets.ts';
import { openSecrets } from '../runs/open-secrets.ts';
import { resolveRunInputs } from '../runs/resolve-run-inputs.ts';
import { inputPairs, openVault } from '../runs/secret-inputs.ts';

interface PlanOptions extends CommonOptions {
  readonly input?: readonly string[];
  readonly inputs?: string;
  readonly answers?: string;
  readonly env?: string;
  /** A scenario by name or file; true: the playbook's own. */
  readonly drill?: string | true;
}

export async function plan(app: App, playbook: string, options: PlanOptions): Promise<number> {
  const file = findPlaybook(app, playbook);
  const compiler = createCompiler(app);
  const compiled = await compiler.plan(readPlaybook(file), file.shown);
  return options.drill === undefined
    ? planHere(app, compiler, compiled, options)
    : planInDrill(app, compiler, compiled, options);
}

async function planHere(app: App, compiler: Compiler, compiled: Plan, options: PlanOptions): Promise<number> {
  const config = await loadConfig(app, options.env);
  const contacts = await config.contacts();
  return show(app, compiler, compiled, options, {
    settings: config,
    inputs: {},
    people: nobody,
    more: {
      environment: config.environment,
      // Contacts are plain data.
      ...(contacts === null ? {} : { contacts: contacts as unknown as JsonObject }),
    },
  });
}

/** Against a world that is made for it, and gone when the plan is made. */
async function planInDrill(app: App, compiler: Compiler, compiled: Plan, options: PlanOptions): Promise<number> {
  const [{ loadScenario }, { startWorld }, { drillPeople, drillSettings, requireSamePlaybook }, { findScenario }] =
    await Promise.all([
      import('../../drill/scenario.ts'),
      import('../../drill/world.ts'),
      import('../drills/drill-world.ts'),
      import('../drills/scenario-files.ts'),
    ]);
  const given = options.drill === true ? {} : { scenario: options.drill };
  const scenario = loadScenario(findScenario(app, { ...given, playbook: compiled.name }));
  requireSamePlaybook(scenario, compiled.name);
  const folder = mkdtempSync(join(tmpdir(), 'runbook-plan-'));
  try {
    const world = await startWorld({ scenario, stateFile: join(folder, 'world.jsonl') });
    try {
      return await show(app, compiler, compiled, options, {
        settings: drillSettings(world, app.env),
        inputs: world.answers.inputs,
        people: drillPeople(app, world, true)(nobody),
        more: {
          drill: { scenario: scenario.name, seed: world.seed, worldFile: 'none', isUnattended: true },
        },
      });
    } finally {
      await world.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly settings: RunSettings;
  /** Where none are given. */
  readonly inputs: JsonObject;
  /** Asked what was not written down. */
  readonly people: People;
  readonly more: Pick<PreviewOptions, 'environment' | 'contacts' | 'drill'>;
}

async function show(
  app: App,
  { actions }: Compiler,
  compiled: Plan,
  options: PlanOptions,
  { settings, inputs, people, more }: Place,
): Promise<number> {
  const { env, secrets: references, root, rules } = settings;
  learnSecrets(app.redactor, compiled, { actions, envs: [app.env, env], references, root });
  const vault = openVault(app);
  const given = { ...inputs, ...(await readValues(options.inputs, app.cwd)), ...inputPairs(compiled, options.input) };
  const answered = await answering(app, compiled, { file: options.answers, takesDefaults: true });
  const interrupts = watchInterrupts({
    onFirst: () => app.terminal.tell('The plan is given up; nothing was changed'),
    onSecond: () => undefined,
  });
  try {
    const result = await preview({
      plan: compiled,
      actions,
      vault,
      inputs: await resolveRunInputs(app, compiled, given, vault),
      people: answered?.(people) ?? people,
      env,
      secrets: openSecrets(app, settings, { next: 'plan again' }),
      redactor: app.redactor,
      templateSource: templateFiles(app),
      clock: app.clock,
      random: Math.random,
      operator: app.operator,
      version: packageVersion(),
      stop: interrupts.pause,
      ...(rules === undefined ? {} : { rules }),
      database: databaseSettings(app, settings),
      ...more,
    });
    if (app.isJson) app.terminal.print(JSON.stringify(result));
    else for (const line of planLines(result, app.terminal.palette)) app.terminal.print(line);
    return result.unknowns.length === 0 ? EXIT.done : EXIT.waiting;
  } catch (error) {
    if (interrupts.pause.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    interrupts.dispose();
  }
}
