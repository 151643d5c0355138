import { loadScenario } from '../../drill/scenario.ts';
import { createRun } from '../../run/create.ts';
import { clean, wrap } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import {
  drillEnv,
  drillPeople,
  drillSettings,
  endDrill,
  makeWorld,
  requireSamePlaybook,
} from '../drills/drill-world.ts';
import { findScenario } from '../drills/scenario-files.ts';
import { createCompiler } from '../playbooks/compiler.ts';
import { findPlaybook, readPlaybook } from '../playbooks/playbook-files.ts';
import { packageVersion } from '../resources.ts';
import { beforeRun } from '../runs/before-run.ts';
import { drive } from '../runs/drive.ts';
import { learnSecrets } from '../runs/learn-secrets.ts';
import { resolveRunInputs } from '../runs/resolve-run-inputs.ts';
import { inputPairs, openVault } from '../runs/secret-inputs.ts';

export interface DrillOptions extends CommonOptions {
  readonly scenario?: string;
  readonly seed?: number;
  readonly input?: readonly string[];
  readonly yes?: boolean;
  readonly report?: string;
  readonly plain?: boolean;
}

export async function drill(app: App, playbook: string | undefined, options: DrillOptions): Promise<number> {
  const scenario = loadScenario(findScenario(app, { scenario: options.scenario, playbook }));
  requireSamePlaybook(scenario, playbook ?? scenario.playbook);
  const file = findPlaybook(app, playbook ?? scenario.playbook);
  const compiler = createCompiler(app);
  const plan = await compiler.plan(readPlaybook(file), file.shown);
  // Nobody is alarmed, and no world made, where the run could not be kept.
  const journal = await beforeRun(() => app.journal());
  const isUnattended = options.yes === true;
  const { world, worldFile } = await makeWorld(app, {
    scenario,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  });
  try {
    const env = drillEnv(world, app.env);
    learnSecrets(app.redactor, plan, { actions: compiler.actions, envs: [app.env, env] });
    if (!app.isJson) showAlert(app, world.scenario);
    const vault = openVault(app);
    const inputs = await resolveRunInputs(
      app,
      plan,
      {
        ...world.answers.inputs,
        ...inputPairs(plan, options.input),
      },
      vault,
    );
    const { runId } = await beforeRun(() =>
      createRun({
        journal,
        plan,
        inputs,
        operator: app.operator,
        env,
        random: Math.random,
        version: packageVersion(),
        title: world.scenario.title,
        detectedAt: new Date(world.startedAt).toISOString(),
        drill: { scenario: world.scenario.name, seed: world.seed, worldFile, isUnattended },
      }),
    );
    return await drive({
      app,
      compiler,
      plan,
      runId,
      isNew: true,
      isPlain: options.plain === true,
      confirmsAll: isUnattended,
      settings: drillSettings(world, app.env),
      vault,
      people: drillPeople(app, world, isUnattended),
      last: (session) => endDrill(app, world, session, options.report),
    });
  } finally {
    await world.stop();
  }
}

function showAlert(app: App, scenario: { readonly title: string; readonly alert: string }): void {
  const { palette, print, columns } = app.terminal;
  print(palette.bold(`Drill: ${clean(scenario.title)}`));
  const width = Math.min(columns() - 3, 100);
  const lines = clean(scenario.alert).trimEnd().split('\n');
  for (const line of lines.flatMap((one) => wrap(one, width))) print(`  ${line}`);
  print('');
}
