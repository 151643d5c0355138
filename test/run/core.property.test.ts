// The pure core under random plans, interleavings, failures and kills. No I/O: the shell is played by `advance`.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ActionStep, GroupStep, OnFailure, Plan, PlanNode } from '../../engine/playbook/plan.ts';
import { type Command, commandKey, decide } from '../../engine/run/decide.ts';
import type { Draft, RunEvent } from '../../engine/run/events.ts';
import { EVENT_VERSIONS } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState, isFinal, type RunState, runStatus } from '../../engine/run/state.ts';

const location = { file: 'p.yaml', line: 1, column: 1 };
const constant = { location, isConstant: true, readsSteps: [], readsSecrets: [], resolve: () => null };

type Shape =
  | {
      readonly kind: 'uses';
      readonly attempts: number;
      readonly onFailure: OnFailure;
      readonly polls: boolean;
      readonly approval: boolean;
      readonly when: boolean;
    }
  | { readonly kind: 'group'; readonly parallel: number; readonly when: boolean; readonly steps: readonly Shape[] };

const leaf: fc.Arbitrary<Shape> = fc.record({
  kind: fc.constant('uses' as const),
  attempts: fc.integer({ min: 1, max: 3 }),
  onFailure: fc.constantFrom('pause' as const, 'continue' as const, 'abort' as const),
  polls: fc.boolean(),
  approval: fc.boolean(),
  when: fc.boolean(),
});
const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc.record({
      kind: fc.constant('group' as const),
      parallel: fc.integer({ min: 1, max: 3 }),
      when: fc.boolean(),
      steps: fc.array(tie('shape'), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

function planOf(steps: readonly Shape[]): Plan {
  const nodes = new Map<string, PlanNode>();
  const build = (of: Shape, path: string, index: number): PlanNode => {
    const base = { id: path.replaceAll('/', '_'), path, index, title: path, tags: [], location, isOutputRead: false };
    const when = of.when
      ? { when: { source: 'w', location, readsSteps: [], readsSecrets: [], evaluate: () => true } }
      : {};
    const node: PlanNode =
      of.kind === 'group'
        ? groupOf(of, { ...base, ...when, onFailure: 'pause' as const })
        : ({
            ...base,
            ...when,
            kind: 'uses',
            uses: 'x',
            with: constant,
            assert: [],
            onFailure: of.onFailure,
            retry: { attempts: of.attempts, delayMs: 1, backoff: 'exponential', maxDelayMs: 5 },
            timeoutMs: 1000,
            ...(of.polls
              ? { until: { source: 'u', location, readsSteps: [], readsSecrets: [], evaluate: () => true }, everyMs: 1 }
              : {}),
            ...(of.approval ? { approval: { by: 1 } } : {}),
          } satisfies ActionStep);
    nodes.set(path, node);
    return node;
  };
  const groupOf = (
    of: Extract<Shape, { kind: 'group' }>,
    base: Omit<GroupStep, 'kind' | 'steps' | 'parallel'>,
  ): GroupStep => ({
    ...base,
    kind: 'group',
    parallel: of.parallel,
    steps: of.steps.map((child, index) =>
      build(child, base.path === '' ? `s${index}` : `${base.path}/s${index}`, index),
    ),
  });
  const root = build({ kind: 'group', parallel: 1, when: false, steps }, '', 0);
  return {
    name: 'p',
    title: 'P',
    category: 'x',
    severity: 'P1',
    symptoms: [],
    tags: [],
    inputs: [],
    requires: { secrets: [], env: [] },
    root: root as GroupStep,
    nodes,
    outputs: [],
    text: '',
    file: 'p.yaml',
  };
}

/** What the outside does: a function of the seed and the step alone, so that every interleaving meets the same world. */
function fate(seed: number, text: string): number {
  let hash = seed >>> 0;
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 2654435761) >>> 0;
  return hash / 2 ** 32;
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

class Run {
  readonly events: RunEvent[] = [];
  state: RunState = initialState();
  constructor(events: readonly RunEvent[] = []) {
    for (const event of events) this.#push(event);
  }
  append(...drafts: Draft[]): void {
    for (const draft of drafts) {
      this.#push({
        ...draft,
        seq: this.events.length + 1,
        at: new Date(this.events.length).toISOString(),
        v: EVENT_VERSIONS[draft.type],
        hash: `${this.events.length}`,
      } as RunEvent);
    }
  }
  #push(event: RunEvent): void {
    this.events.push(event);
    evolve(this.state, event);
  }
}

const engine = { actor: 'engine' } as const;
const failed = { code: 'E', message: 'failed' };

/** Plays the shell for one command; what it appends depends on the seed and the plan, never on the interleaving. */
function advance(run: Run, plan: Plan, command: Command, seed: number): void {
  const node = 'path' in command ? plan.nodes.get(command.path) : undefined;
  const step = 'path' in command ? command.path : '';
  switch (command.type) {
    case 'open': {
      const place = { index: node?.index ?? 0, title: step };
      if (node?.when && fate(seed, `when ${step}`) < 0.3)
        run.append({ ...engine, type: 'step.skipped', step, data: { reason: { kind: 'when', text: '' }, ...place } });
      else run.append({ ...engine, type: 'step.opened', step, data: { kind: node?.kind ?? 'uses', ...place } });
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
      if (fate(seed, `${step} ${attempt} ${round}`) < 0.35) {
        run.append({
          ...engine,
          type: 'attempt.failed',
          step,
          data: { attempt, error: failed, isPermanent: false, jitter: 0.5, durationMs: 1 },
        });
      } else if (node?.kind === 'uses' && node.until && round < 2) {
        run.append({
          ...engine,
          type: 'attempt.polled',
          step,
          data: { attempt, round, output: { value: null }, durationMs: 1 },
        });
      } else run.append({ ...engine, type: 'step.done', step, data: { durationMs: 1 } });
      return;
    }
    case 'wake':
      if (command.timer.startsWith('timeout:')) return;
      run.append({ ...engine, type: 'timer.fired', step, data: { timer: command.timer } });
      return;
    case 'request-approval':
      run.append({
        ...engine,
        type: 'approval.requested',
        step,
        data: {
          request: (run.state.steps.get(step)?.approval?.request ?? 0) + 1,
          uses: 'x',
          inputs: {},
          inputsDigest: 'd',
          by: 1,
          counts: [],
        },
      });
      return;
    case 'await-approval':
      run.append({ actor: 'person:b', type: 'approval.given', step, data: { request: command.request, by: 'b' } });
      return;
    case 'await-decision':
      run.append({ actor: 'person:a', type: 'step.skipped', step, data: { reason: { kind: 'person', text: '' } } });
      return;
    case 'fail':
      run.append({
        ...engine,
        type: 'step.failed',
        step,
        data: { error: failed, onFailure: command.reason === 'abort' ? 'abort' : (node?.onFailure ?? 'pause') },
      });
      return;
    case 'cancel':
      run.append({
        ...engine,
        type: 'attempt.interrupted',
        step,
        data: { attempt: 1, reason: 'operator', message: '', durationMs: 1 },
      });
      return;
    case 'skip':
      run.append({ ...engine, type: 'step.skipped', step, data: { reason: { kind: 'abort', text: '' } } });
      return;
    case 'close':
      run.append({ ...engine, type: 'step.done', step, data: { durationMs: 1 } });
      return;
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

/** Runs to the end, picking commands by `picks`; a kill folds the journal anew. Bounded. */
function play(plan: Plan, seed: number, picks: () => number, from: readonly RunEvent[] = []): Run {
  let run = new Run(from);
  if (from.length === 0) run.append(created);
  for (let round = 0; round < 5_000; round += 1) {
    const commands = decide(plan, run.state).filter(
      (command) => !(command.type === 'wake' && command.timer.startsWith('timeout:')),
    );
    if (commands.length === 0) return run;
    const keys = commands.map(commandKey);
    expect(new Set(keys).size).toBe(keys.length);
    const command = commands[Math.floor(picks() * commands.length)];
    if (command) advance(run, plan, command, seed);
    if (picks() < 0.1) run = new Run(run.events);
  }
  throw new Error('it never ends');
}

function picker(seed: number): () => number {
  let n = 0;
  return () => {
    n += 1;
    return fate(seed, `pick ${n}`);
  };
}

/** Comparable ends: interleavings of parallel branches may differ in what an abort left unstarted, so only without one. */
function endOf(run: Run): [string, string][] {
  return [...run.state.steps]
    .map(([path, step]): [string, string] => [path, step.phase])
    .sort(([a], [b]) => a.localeCompare(b));
}

/** Shapes, not plans: a counterexample must fit a screen. */
const shapes = fc.array(shape, { minLength: 1, maxLength: 5 });
const isOpenEnded = (plan: Plan): boolean => [...plan.nodes.values()].some((node) => node.onFailure === 'abort');

test('every run ends, every step it touched ends in exactly one final status, and none starts before its turn', () => {
  fc.assert(
    fc.property(shapes, fc.integer(), fc.integer(), (steps, seed, order) => {
      const plan = planOf(steps);
      const run = play(plan, seed, picker(order));
      expect(['done', 'aborted']).toContain(runStatus(run.state));
      expect(run.state.openSteps.size + run.state.openGroups.size).toBe(0);
      const finals = new Map<string, number>();
      const started = new Set<string>();
      for (const event of run.events) {
        const path = event.step;
        if (path === undefined) continue;
        if (event.type === 'step.opened') {
          expect(started.has(path)).toBe(false);
          started.add(path);
          const parent = plan.nodes.get(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
          const node = plan.nodes.get(path);
          // In order: with n at once, all but n-1 of the earlier ones have ended.
          if (path !== '' && parent?.kind === 'group') {
            const open = parent.steps.slice(0, node?.index ?? 0).filter((earlier) => !finals.has(earlier.path));
            expect(open.length).toBeLessThan(parent.parallel);
          }
        }
        const isEnd =
          event.type === 'step.done' ||
          event.type === 'step.skipped' ||
          (event.type === 'step.failed' && event.data.onFailure !== 'pause');
        if (isEnd) finals.set(path, (finals.get(path) ?? 0) + 1);
      }
      for (const [path, step] of run.state.steps) {
        expect(isFinal(step.phase), `${path} is ${step.phase}`).toBe(true);
        expect(finals.get(path), path).toBe(1);
      }
    }),
    { numRuns: 300 },
  );
});

test('any prefix of a journal resumes to the same end', () => {
  fc.assert(
    fc.property(
      shapes.filter((steps) => !isOpenEnded(planOf(steps))),
      fc.integer(),
      fc.integer(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (steps, seed, order, cut) => {
        const plan = planOf(steps);
        const whole = play(plan, seed, picker(order));
        const prefix = whole.events.slice(0, Math.max(1, Math.floor(whole.events.length * cut)));
        const resumed = play(plan, seed, picker(order + 1), prefix);
        expect(endOf(resumed)).toEqual(endOf(whole));
      },
    ),
    { numRuns: 300 },
  );
});

test('decide changes nothing and gives the same answer twice', () => {
  fc.assert(
    fc.property(shapes, fc.integer(), fc.double({ min: 0, max: 0.999, noNaN: true }), (steps, seed, cut) => {
      const plan = planOf(steps);
      const whole = play(plan, seed, picker(seed));
      const { state } = new Run(whole.events.slice(0, Math.max(1, Math.floor(whole.events.length * cut))));
      const before = JSON.stringify([...state.steps]);
      expect(decide(plan, state)).toEqual(decide(plan, state));
      expect(JSON.stringify([...state.steps])).toBe(before);
    }),
    { numRuns: 100 },
  );
});
