import { loadScenario } from '../../drill/scenario.ts';
import type { JsonObject } from '../../json.ts';
import type { Plan } from '../../playbook/plan.ts';
import { createRun } from '../../run/create.ts';
import { pinTemplates } from '../../run/templates.ts';
import type { App, CommonOptions } from '../app.ts';
import { checkAnswers } from '../drills/check-answers.ts';
import { compareDrills } from '../drills/compare.ts';
import {
  drillApp,
  drillEnv,
  drillPeople,
  drillSettings,
  endDrill,
  makeWorld,
  requireSamePlaybook,
} from '../drills/drill-world.ts';
import { listDrills } from '../drills/list.ts';
import { findScenario, scenarios } from '../drills/scenario-files.ts';
import { showSymptoms } from '../drills/symptoms.ts';
import { createCompiler } from '../playbooks/compiler.ts';
import { findPlaybook, readPlaybook } from '../playbooks/playbook-files.ts';
import { templateFiles } from '../project/template-files.ts';
import { packageVersion } from '../resources.ts';
import { beforeRun } from '../runs/before-run.ts';
import { drive } from '../runs/drive.ts';
import { learnSecrets } from '../runs/learn-secrets.ts';
import { resolveRunInputs } from '../runs/resolve-run-inputs.ts';
import { inputPairs, openVault } from '../runs/secret-inputs.ts';

export interface DrillOptions extends CommonOptions {
  readonly scenario?: string;
  readonly seed?: number;
  readonly speed?: number;
  readonly compare?: boolean;
  readonly input?: readonly string[];
  readonly yes?: boolean;
  readonly report?: string;
  readonly plain?: boolean;
}

/** Of a scenario's inputs those that nobody is asked for: they may be left out. */
function atHand(plan: Plan, inputs: JsonObject): JsonObject {
  const unasked = plan.inputs.filter((input) => !input.required && input.default === undefined);
  return Object.fromEntries(unasked.flatMap(({ name }) => (inputs[name] === undefined ? [] : [[name, inputs[name]]])));
}

export async function drill(app: App, playbook: string | undefined, options: DrillOptions): Promise<number> {
  if (options.compare === true) return compareDrills(app, playbook);
  if (playbook === undefined && options.scenario === undefined && scenarios(app).size > 1) return listDrills(app);
  const scenario = loadScenario(findScenario(app, { scenario: options.scenario, playbook }));
  // A drill may be called by its own name too.
  const rehearsed = playbook === undefined || playbook === scenario.name ? scenario.playbook : playbook;
  requireSamePlaybook(scenario, rehearsed);
  const file = findPlaybook(app, rehearsed);
  const compiler = createCompiler(app);
  const plan = await compiler.plan(readPlaybook(file), file.shown);
  checkAnswers(scenario, plan);
  const templates = await pinTemplates(plan, compiler.actions, templateFiles(app));
  // Nobody is alarmed, and no world made, where the run could not be kept.
  const journal = await beforeRun(() => app.journal());
  const isUnattended = options.yes === true;
  const { world, worldFile } = await makeWorld(app, {
    scenario,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.speed === undefined ? {} : { speed: options.speed }),
  });
  const inDrill = drillApp(app, world.speed);
  try {
    const env = drillEnv(world, app.env);
    learnSecrets(app.redactor, plan, { actions: compiler.actions, envs: [app.env, env] });
    if (!app.isJson) showSymptoms(app, world.scenario);
    const vault = openVault(app);
    const inputs = await resolveRunInputs(
      app,
      plan,
      {
        // Whoever rehearses is asked as in an incident; what is not asked for, a team has at hand.
        ...(isUnattended ? world.answers.inputs : atHand(plan, world.answers.inputs)),
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
        ...(templates === undefined ? {} : { templates }),
        title: world.scenario.title,
        detectedAt: new Date(world.startedAt).toISOString(),
        drill: {
          scenario: world.scenario.name,
          seed: world.seed,
          worldFile,
          isUnattended,
          ...(world.speed === 1 ? {} : { speed: world.speed }),
        },
      }),
    );
    return await drive({
      app: inDrill,
      compiler,
      plan,
      runId,
      isNew: true,
      isPlain: options.plain === true,
      confirmsAll: isUnattended,
      settings: drillSettings(world, app.env),
      vault,
      people: drillPeople(inDrill, world, isUnattended),
      last: (session) => endDrill(app, world, session, options.report),
    });
  } finally {
    await world.stop();
  }
}
