// Random plans, and a shell that plays them on the pure core alone: what the outside does is a function of the seed and
// the step, so that every interleaving meets the same world.
import fc from 'fast-check';
import { expect } from 'vitest';
import type {
  ActionStep,
  CallStep,
  Expression,
  GroupStep,
  LoopStep,
  OnFailure,
  Plan,
  PlanNode,
  PlanUnit,
} from '../../engine/playbook/plan.ts';
import { nodesInside } from '../../engine/playbook/plan.ts';
import { changeKey, openChangesOf } from '../../engine/run/change-views.ts';
import { type Command, commandKey } from '../../engine/run/commands.ts';
import { decide } from '../../engine/run/decide.ts';
import { EVENT_VERSIONS } from '../../engine/run/event-rules.ts';
import type { Draft, RunEvent } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { childPath, instancePath, nodeAt, staticPath } from '../../engine/run/paths.ts';
import { initialState, type RunState } from '../../engine/run/state.ts';

export type Shape =
  | {
      readonly kind: 'uses';
      readonly attempts: number;
      readonly onFailure: OnFailure;
      readonly polls: boolean;
      readonly approval: boolean;
      readonly when: boolean;
      /** Changes something that must not be sent twice; where its answer is lost a person is asked. */
      readonly sends?: boolean;
    }
  | {
      readonly kind: 'group';
      readonly parallel: number;
      readonly when: boolean;
      readonly timeout: boolean;
      readonly onFailure: OnFailure;
      readonly steps: readonly Shape[];
    }
  | { readonly kind: 'loop'; readonly concurrency: number; readonly count: number; readonly body: Shape }
  | { readonly kind: 'call'; readonly steps: readonly Shape[]; readonly finally: readonly Shape[] };

export interface PlanShape {
  readonly steps: readonly Shape[];
  readonly finally: readonly Shape[];
}

const onFailure = fc.constantFrom('pause' as const, 'continue' as const, 'abort' as const);
const leaf: fc.Arbitrary<Shape> = fc.record({
  kind: fc.constant('uses' as const),
  attempts: fc.integer({ min: 1, max: 3 }),
  onFailure,
  polls: fc.boolean(),
  approval: fc.boolean(),
  when: fc.boolean(),
  sends: fc.boolean(),
});
const { shape } = fc.letrec<{ shape: Shape }>((tie) => {
  const steps = fc.array(tie('shape'), { minLength: 1, maxLength: 3 });
  return {
    shape: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      leaf,
      fc.record({
        kind: fc.constant('group' as const),
        parallel: fc.integer({ min: 1, max: 3 }),
        when: fc.boolean(),
        timeout: fc.boolean(),
        onFailure,
        steps,
      }),
      fc.record({
        kind: fc.constant('loop' as const),
        concurrency: fc.integer({ min: 1, max: 3 }),
        count: fc.integer({ min: 0, max: 3 }),
        body: tie('shape').filter((body) => body.kind !== 'loop'),
      }),
      fc.record({ kind: fc.constant('call' as const), steps, finally: fc.array(leaf, { maxLength: 2 }) }),
    ),
  };
});

/** Shapes, not plans: a counterexample must fit a screen. */
export const shapes: fc.Arbitrary<PlanShape> = fc.record({
  steps: fc.array(shape, { minLength: 1, maxLength: 4 }),
  finally: fc.array(shape, { maxLength: 2 }),
});

const location = { file: 'p.yaml', line: 1, column: 1 };
const constant = { location, isConstant: true, readsSteps: [], readsSecrets: [], resolve: () => null };
const yes: Expression = { source: 'true', location, readsSteps: [], readsSecrets: [], evaluate: () => true };

/** Counts of loops by static path. */
export interface Model {
  readonly plan: Plan;
  readonly counts: ReadonlyMap<string, number>;
}

export function modelOf({ steps, finally: last }: PlanShape): Model {
  const nodes = new Map<string, PlanNode>();
  const counts = new Map<string, number>();
  const units = new Map<string, PlanUnit>();
  let hasGroupTimeouts = false;
  const addUnit = (path: string): void => {
    units.set(path, { path, name: 'p', inputs: [], vars: [], outputs: [], paths: new Map(), file: 'p.yaml', text: '' });
  };
  const build = (
    of: Shape,
    at: { path: string; id: string; index: number; unit: string; sheltered: boolean },
  ): PlanNode => {
    const { path, id, index, unit, sheltered } = at;
    const base = {
      id,
      path,
      unit,
      index,
      title: path,
      tags: [],
      location,
      isOutputRead: false,
      isOutputNeeded: false,
      onFailure: 'pause' as OnFailure,
      ...('when' in of && of.when ? { when: yes } : {}),
    };
    // `abort` is no choice in a `finally`.
    const onFail = 'onFailure' in of && !(sheltered && of.onFailure === 'abort') ? of.onFailure : 'pause';
    const inside = (list: readonly Shape[], unitInside: string): PlanNode[] =>
      list.map((child, position) =>
        build(child, {
          path: childPath(path, `s${position}`),
          id: `s${position}`,
          index: position,
          unit: unitInside,
          sheltered,
        }),
      );
    const node = ((): PlanNode => {
      switch (of.kind) {
        case 'uses':
          return {
            ...base,
            kind: 'uses',
            uses: 'x',
            with: constant,
            assert: [],
            onFailure: onFail,
            retry: { attempts: of.attempts, delayMs: 1, backoff: 'exponential', maxDelayMs: 5 },
            timeoutMs: 1000,
            ...(of.polls ? { until: yes, everyMs: 1 } : {}),
            ...(of.approval ? { approval: { by: 1 } } : {}),
            ...(of.sends ? { effect: 'change' as const } : {}),
          } satisfies ActionStep;
        case 'group':
          if (of.timeout) hasGroupTimeouts = true;
          return {
            ...base,
            kind: 'group',
            onFailure: onFail,
            parallel: of.parallel,
            ...(of.timeout ? { timeoutMs: 1000 } : {}),
            steps: inside(of.steps, unit),
          } satisfies GroupStep;
        case 'loop': {
          counts.set(path, of.count);
          const body = build(of.body, { ...at, path: `${path}[]`, index: 0 });
          return { ...base, kind: 'loop', list: yes, as: 'item', concurrency: of.concurrency, body } satisfies LoopStep;
        }
        case 'call': {
          addUnit(path);
          const shelter = of.finally.length === 0 ? {} : { finally: finallyOf(of.finally, path) };
          return {
            ...base,
            kind: 'call',
            playbook: 'p',
            with: constant,
            parallel: 1,
            steps: inside(of.steps, path),
            ...shelter,
          } satisfies CallStep;
        }
      }
    })();
    nodes.set(path, node);
    return node;
  };
  const finallyOf = (list: readonly Shape[], unit: string): GroupStep => {
    const path = childPath(unit, 'finally');
    const group: GroupStep = {
      kind: 'group',
      id: 'finally',
      path,
      unit,
      index: 0,
      title: 'Finally',
      tags: [],
      location,
      onFailure: 'pause',
      isOutputRead: false,
      isOutputNeeded: false,
      parallel: 1,
      steps: list.map((child, index) =>
        build(child, { path: childPath(path, `s${index}`), id: `s${index}`, index, unit, sheltered: true }),
      ),
    };
    nodes.set(path, group);
    return group;
  };
  addUnit('');
  const root = build(
    { kind: 'group', parallel: 1, when: false, timeout: false, onFailure: 'pause', steps },
    { path: '', id: '', index: 0, unit: '', sheltered: false },
  );
  if (root.kind !== 'group') throw new Error('the root is a group');
  const shelter = last.length === 0 ? {} : { finally: finallyOf(last, '') };
  const plan: Plan = {
    name: 'p',
    title: 'P',
    category: 'x',
    severity: 'P1',
    symptoms: [],
    tags: [],
    inputs: [],
    requires: { secrets: [], optionalSecrets: [], env: [] },
    limits: {},
    concurrency: 'many',
    hasGroupTimeouts,
    root,
    ...shelter,
    nodes,
    units,
    outputs: [],
    text: '',
    file: 'p.yaml',
  };
  return { plan, counts };
}

/** In [0, 1), from the seed and a name. */
export function fate(seed: number, text: string): number {
  let hash = seed >>> 0;
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 2654435761) >>> 0;
  return hash / 2 ** 32;
}

export function picker(seed: number): () => number {
  let n = 0;
  return () => {
    n += 1;
    return fate(seed, `pick ${n}`);
  };
}

const created: Draft = {
  type: 'run.created',
  actor: 'person:a',
  data: {
    playbook: { name: 'p', title: 'P', severity: 'P1', category: 'x', file: 'p.yaml', text: '', digest: '' },
    operator: 'a',
    inputs: {},
    env: {},
    engine: 't',
  },
};

export class Run {
  readonly events: RunEvent[] = [];
  state: RunState = initialState();
  constructor(events: readonly RunEvent[] = []) {
    for (const event of events) this.#push(event);
  }
  append(...drafts: Draft[]): void {
    for (const draft of drafts) {
      // A draft with its place is an event of its type.
      const place = { seq: this.events.length + 1, at: new Date(this.events.length).toISOString() };
      this.#push({ ...draft, ...place, v: EVENT_VERSIONS[draft.type], hash: `${this.events.length}` } as RunEvent);
    }
  }
  #push(event: RunEvent): void {
    this.events.push(event);
    evolve(this.state, event);
  }
}

const engine = { actor: 'engine' } as const;
const mail = { kind: 'mail', verb: 'send' } as const;
const failed = { code: 'E', message: 'failed' };

/** Plays the shell for one command; what it appends depends on the seed and the plan, never on the interleaving. */
function advance(run: Run, { plan, counts }: Model, command: Command, seed: number): void {
  const step = 'path' in command ? command.path : '';
  const node = 'path' in command ? nodeAt(plan, command.path) : undefined;
  const path = staticPath(step);
  switch (command.type) {
    case 'open': {
      const place = { index: command.index, title: step };
      if (node?.when && fate(seed, `when ${step}`) < 0.3) {
        run.append({ ...engine, type: 'step.skipped', step, data: { reason: { kind: 'when', text: '' }, ...place } });
        return;
      }
      const count = node?.kind === 'loop' ? { count: counts.get(path) ?? 0, items: { value: [] } } : {};
      const shelter = node?.kind === 'call' && node.finally ? { hasFinally: true as const } : {};
      const data = { kind: node?.kind ?? 'uses', ...place, ...count, ...shelter };
      run.append({ ...engine, type: 'step.opened', step, data });
      return;
    }
    case 'attempt': {
      const { attempt, round } = command;
      if (run.state.steps.get(step)?.phase !== 'attempting') {
        run.append({
          ...engine,
          type: 'attempt.started',
          step,
          data: { attempt, round, uses: 'x', inputs: {}, inputsDigest: 'd', idempotent: true },
        });
        return;
      }
      const luck = fate(seed, `${step} ${attempt} ${round}`);
      const sent = { ...mail, round };
      const change = run.state.changes.get(step)?.get(changeKey({ ...sent, id: step }));
      if (node?.kind === 'uses' && node.effect === 'change' && change === undefined) {
        const data = { ...sent, attempt, after: {}, targets: [{ id: step }] };
        run.append({ ...engine, type: 'change.intended', step, data });
      } else if (change?.outcome === 'intended' && luck < 0.3) askAbout(run, step, attempt, round);
      else if (change?.outcome === 'intended') {
        const data = { ...sent, results: [{ id: step, outcome: 'done' as const }] };
        run.append({ ...engine, type: 'change.settled', step, data });
      } else if (luck < 0.3 && change === undefined) {
        const data = { attempt, error: failed, isPermanent: false, jitter: 0.5, durationMs: 1 };
        run.append({ ...engine, type: 'attempt.failed', step, data });
      } else if (node?.kind === 'uses' && node.until && round < 2) {
        const data = { attempt, round, output: { value: null }, durationMs: 1 };
        run.append({ ...engine, type: 'attempt.polled', step, data });
      } else run.append({ ...engine, type: 'step.done', step, data: { durationMs: 1 } });
      return;
    }
    case 'wake':
      run.append({ ...engine, type: 'timer.fired', step, data: { timer: command.timer } });
      return;
    case 'request-approval': {
      const request = (run.state.steps.get(step)?.approval?.request ?? 0) + 1;
      const data = { request, uses: 'x', inputs: {}, inputsDigest: 'd', by: 1, counts: [] };
      run.append({ ...engine, type: 'approval.requested', step, data });
      return;
    }
    case 'await-approval':
      run.append({ actor: 'person:b', type: 'approval.given', step, data: { request: command.request, by: 'b' } });
      return;
    case 'await-doubt': {
      const [doubt] = run.state.steps.get(step)?.doubts ?? [];
      if (!doubt) throw new Error(`no doubt of ${step}`);
      const choice = fate(seed, `doubt ${step}`) < 0.5 ? ('done' as const) : ('skip' as const);
      run.append({ actor: 'person:a', type: 'doubt.resolved', step, data: { ...doubt, choice, reason: '', by: 'a' } });
      return;
    }
    case 'await-decision':
      decideAsPerson(run, step, seed);
      return;
    case 'await-output':
      run.append({ actor: 'person:a', type: 'output.given', step, data: { output: { value: 1 }, by: 'a' } });
      return;
    case 'fail': {
      const open = command.reason === 'abort' ? [] : openChangesOf(run.state, step);
      if (open.length > 0) {
        // As failStep does: what an earlier turn left open is asked about before this one may fail.
        const asked = open.map(({ round }) => ({ ...mail, round, ids: [step] }));
        run.append(...asked.map((data): Draft => ({ ...engine, type: 'change.doubted', step, data })));
        return;
      }
      const onFailure = command.reason === 'abort' ? 'abort' : (node?.onFailure ?? 'pause');
      run.append({ ...engine, type: 'step.failed', step, data: { error: failed, onFailure } });
      return;
    }
    case 'cancel': {
      const attempt = run.state.steps.get(step)?.attempt ?? 1;
      const data = { attempt, error: failed, isPermanent: true, jitter: 0, durationMs: 1 };
      const own = run.state.steps.get(step);
      if (own?.timedOut === true && command.reason === 'timeout' && openChangesOf(run.state, step).length > 0)
        askAbout(run, step, attempt, own.round);
      else if (command.reason === 'timeout') run.append({ ...engine, type: 'attempt.failed', step, data });
      else {
        const cut = { attempt, reason: 'operator' as const, message: '', durationMs: 1 };
        run.append({ ...engine, type: 'attempt.interrupted', step, data: cut });
      }
      return;
    }
    case 'skip':
      run.append({ ...engine, type: 'step.skipped', step, data: { reason: { kind: command.reason, text: '' } } });
      return;
    case 'close': {
      const type = run.state.steps.get(step)?.phase === 'closing' ? 'step.closed' : 'step.done';
      run.append({ ...engine, type, step, data: { durationMs: 1 } });
      return;
    }
    case 'end':
      run.append({ ...engine, type: 'run.ending', data: { outcome: command.outcome } });
      return;
    case 'finish':
      run.append({ ...engine, type: 'run.ended', data: { outcome: run.state.outcome ?? 'done', outputs: {} } });
      return;
    default:
      throw new Error(`unexpected ${command.type}`);
  }
}

/** In one commit, as the shell writes them; a kill may still cut what a store tore. */
function askAbout(run: Run, step: string, attempt: number, round: number): void {
  const data = { attempt, reason: 'in-doubt' as const, message: '', durationMs: 1 };
  run.append(
    { ...engine, type: 'attempt.interrupted', step, data },
    { ...engine, type: 'change.doubted', step, data: { ...mail, round, ids: [step] } },
  );
}

/** Once more, or skipped (with the output asked for), or done by hand: by the seed and the step, not by the moment. */
function decideAsPerson(run: Run, step: string, seed: number): void {
  const own = run.state.steps.get(step);
  const base = { actor: 'person:a', step } as const;
  const choice = fate(seed, `decide ${step} ${own?.reopens ?? 0}`);
  const isRun = step === '' || step === 'finally';
  if (isRun || (choice < 0.3 && (own?.reopens ?? 0) < 2)) {
    run.append({ ...base, type: 'step.reopened', data: { reason: '', by: 'a' } });
  } else if (choice < 0.6) {
    run.append({ ...base, type: 'step.done', data: { durationMs: 0, by: 'a', needsOutput: true } });
  } else {
    const needsOutput = choice < 0.8 ? { needsOutput: true as const } : {};
    run.append({ ...base, type: 'step.skipped', data: { reason: { kind: 'person', text: '' }, ...needsOutput } });
  }
}

export interface PlayOptions {
  readonly seed: number;
  readonly picks: () => number;
  readonly from?: readonly RunEvent[];
  /** Groups and steps run out of time now and then; the end then depends on the interleaving. */
  readonly timeouts?: boolean;
  /** Asked at each round: an event from outside, such as a request to abort. */
  readonly meddle?: (run: Run) => Draft | undefined;
}

/** Runs to the end, picking commands by `picks`; a kill folds the journal anew. Bounded. */
export function play(model: Model, { seed, picks, from = [], timeouts = false, meddle }: PlayOptions): Run {
  let run = new Run(from);
  if (from.length === 0) run.append(created);
  for (let round = 0; round < 20_000; round += 1) {
    const all = decide(model.plan, run.state);
    const keys = all.map(commandKey);
    expect(new Set(keys).size, keys.join('\n')).toBe(keys.length);
    const isTimeout = (command: Command): boolean => command.type === 'wake' && command.timer.startsWith('timeout:');
    const commands = all.filter((command) => !isTimeout(command) || (timeouts && picks() < 0.05));
    if (commands.length === 0) {
      if (all.length === 0) return run;
      continue;
    }
    const meddling = meddle?.(run);
    if (meddling) run.append(meddling);
    else {
      const command = commands[Math.floor(picks() * commands.length)];
      if (command) advance(run, model, command, seed);
    }
    if (picks() < 0.1) run = new Run(run.events);
  }
  throw new Error('it never ends');
}

/** Every path a run without `when` and failures would take, in no order. */
export function allPaths({ plan, counts }: Model): readonly string[] {
  const paths: string[] = [];
  const visit = (node: PlanNode, path: string): void => {
    paths.push(path);
    if (node.kind === 'loop') {
      const count = counts.get(node.path) ?? 0;
      for (let index = 0; index < count; index += 1) visit(node.body, instancePath(path, index));
    } else for (const child of nodesInside(node)) visit(child, childPath(path, child.id));
  };
  visit(plan.root, '');
  if (plan.finally) visit(plan.finally, plan.finally.path);
  return paths;
}
