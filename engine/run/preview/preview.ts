// A dry run: reads are made for real, every change is planned and none made. No call that changes anything can leave, for
// no callback of a change runs, and outside of one the gate lets only reads through.
import { unreachable } from '../../errors.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { Plan, PlanNode } from '../../playbook/plan.ts';
import { createRun } from '../create.ts';
import { createEngine, type Engine, type EngineOptions } from '../engine.ts';
import type { EventData } from '../events.ts';
import { keptOutputs } from '../kept-outputs.ts';
import { nobody, type People } from '../people.ts';
import { type RunRules, stricterLimits } from '../rules.ts';
import { scopeFor } from '../scope.ts';
import { RunSession } from '../session.ts';
import { createMemoryJournal } from './memory-journal.ts';
import type { PlannedStep, PlanResult } from './result.ts';
import { totalsOf } from './totals.ts';
import { createUnknowns } from './unknowns.ts';
import type { Walk } from './walk.ts';
import { visitAction } from './walk-action.ts';
import { visitCall } from './walk-call.ts';
import { visitGroup, visitLoop } from './walk-group.ts';
import { visitManual } from './walk-manual.ts';

export interface PreviewOptions
  extends Pick<
    EngineOptions,
    | 'plan'
    | 'actions'
    | 'vault'
    | 'secrets'
    | 'redactor'
    | 'env'
    | 'clock'
    | 'random'
    | 'operator'
    | 'version'
    | 'templateSource'
    | 'database'
  > {
  /** Checked and completed (resolveInputs), handles for those that are secret (sealNamed). */
  readonly inputs: JsonObject;
  /** Asked for the answers of manual steps. `later`: their defaults are assumed. Default: nobody. */
  readonly people?: Pick<People, 'manual' | 'output'>;
  /** Of the config: limits and protection. Of limits the smaller one holds, this or the playbook's. */
  readonly rules?: RunRules;
  readonly contacts?: JsonObject;
  readonly environment?: string;
  readonly drill?: EventData['run.created']['drill'];
  /** Gives the plan up. */
  readonly stop?: AbortSignal;
}

/**
 * Nothing is written anywhere. Approvals, limits and what people confirm are taken as given.
 * @throws the reason of `stop`; E_SECRET_MISSING, E_ENV_MISSING before anything is read; what `people` reject with. What fails
 * in a step is in the plan.
 */
export async function preview(options: PreviewOptions): Promise<PlanResult> {
  const { plan } = options;
  for (const name of plan.requires.secrets) await options.secrets.get(name);
  const engine = await openEngine(options);
  try {
    const walk: Walk = {
      engine,
      unknowns: createUnknowns(plan),
      findings: { hasPlanned: false, touched: new Map(), endsAt: undefined, unknowns: [], assumed: [] },
      stop: options.stop ?? new AbortController().signal,
      visit: (node, isMaybe) => visit(walk, node, isMaybe),
    };
    const root = await walk.visit(plan.root, false);
    const last = plan.finally === undefined ? undefined : await walk.visit(plan.finally, false);
    return await resultOf(walk, options, root, last);
  } finally {
    await engine.session.close();
  }
}

function visit(walk: Walk, node: PlanNode, isMaybe: boolean): Promise<PlannedStep> {
  switch (node.kind) {
    case 'uses':
      return visitAction(walk, node, isMaybe);
    case 'manual':
      return visitManual(walk, node, isMaybe);
    case 'group':
      return visitGroup(walk, node, isMaybe);
    case 'loop':
      return visitLoop(walk, node, isMaybe);
    case 'call':
      return visitCall(walk, node, isMaybe);
    default:
      return unreachable(node);
  }
}

async function openEngine(options: PreviewOptions): Promise<Engine> {
  const { plan, clock, redactor, operator } = options;
  const journal = createMemoryJournal({ redactor, now: () => clock.now() });
  const { runId } = await createRun({ ...options, journal });
  const holder = { id: 'plan', host: 'plan', pid: 0, operator };
  const session = await RunSession.open({ journal, runId, clock, holder, keepsOutput: keptOutputs(plan) });
  return createEngine({
    ...options,
    session,
    journal,
    people: { ...nobody, ...options.people },
    pause: options.stop ?? new AbortController().signal,
    waitsForOthers: false,
    host: 'plan',
    pid: 0,
  });
}

async function resultOf(
  walk: Walk,
  { plan, inputs, rules, environment = '', drill, redactor }: PreviewOptions,
  root: PlannedStep,
  last: PlannedStep | undefined,
): Promise<PlanResult> {
  const { steps, ...sums } = totalsOf(
    last === undefined ? [root] : [root, last],
    stricterLimits(plan.limits, rules?.limits ?? {}),
  );
  const [body, final] = steps;
  const { name, title, file } = plan;
  const result: PlanResult = {
    playbook: { name, title, file },
    environment,
    isDrill: drill !== undefined,
    inputs,
    ...sums,
    assumed: walk.findings.assumed,
    unknowns: walk.findings.unknowns,
    steps: body?.steps ?? [],
    ...(final === undefined ? {} : { finally: final }),
    outputs: await outputsOf(walk, plan),
  };
  // Data from one end to the other, and the one place where it leaves: nothing in it may be a secret.
  return redactor.json(result as unknown as Json) as unknown as PlanResult;
}

async function outputsOf({ engine, unknowns }: Walk, plan: Plan): Promise<PlanResult['outputs']> {
  const place = { path: '', unit: '' };
  const outputs: PlanResult['outputs'][number][] = [];
  for (const { name, value } of plan.outputs) {
    const read = unknowns.of(value, place);
    if (read !== undefined) {
      outputs.push({ name, why: `${read.name} is not known: ${read.why}` });
      continue;
    }
    try {
      const given = value.resolve(await scopeFor(engine.scope, place, value));
      outputs.push({ name, value: given });
    } catch (thrown) {
      outputs.push({ name, why: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }
  return outputs;
}
