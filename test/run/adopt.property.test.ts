// A run that goes on with a changed playbook: random plans, a random beginning, steps inserted and unstarted ones removed.
// Every step of the new plan has its turn, none has two, and the run ends.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApprovalPolicy, nodesInside, type Plan, type PlanNode } from '../../engine/playbook/plan.ts';
import { adoption } from '../../engine/run/adopt.ts';
import { decide } from '../../engine/run/decide.ts';
import type { Draft } from '../../engine/run/events.ts';
import { childPath, instancePath, nodeAt, parentPath, staticPath } from '../../engine/run/paths.ts';
import { isFinal, type RunState, runStatus } from '../../engine/run/state.ts';
import { fate, type Model, modelOf, picker, play, Run, shapes } from './core-model.ts';
import { openWorld, playbook, type World } from './harness.ts';

/** The same plan without some of the steps that have not had their turn, and with others between them. */
function edited({ plan, counts }: Model, state: RunState, seed: number): Model {
  const nodes = new Map<string, PlanNode>();
  const started = new Set([...state.steps.keys()].map(staticPath));
  const leaf = [...plan.nodes.values()].find((node) => node.kind === 'uses');
  const rebuild = (node: PlanNode): PlanNode => {
    const made = ((): PlanNode => {
      switch (node.kind) {
        case 'loop':
          return { ...node, body: rebuild(node.body) };
        case 'group':
          return { ...node, steps: children(node) };
        case 'call':
          return {
            ...node,
            steps: children(node),
            ...(node.finally ? { finally: rebuild(node.finally) as typeof node.finally } : {}),
          };
        default:
          return node;
      }
    })();
    nodes.set(made.path, made);
    return made;
  };
  const children = (node: Extract<PlanNode, { kind: 'group' | 'call' }>): PlanNode[] => {
    const kept = node.steps.filter((step) => started.has(step.path) || fate(seed, `keep ${step.path}`) > 0.3);
    const unit = node.kind === 'call' ? node.path : node.unit;
    const all = kept.flatMap((step, position) => {
      const isAdded = leaf !== undefined && fate(seed, `add ${step.path}`) < 0.4;
      return isAdded ? [added(node.path, `n${position}`, unit), step] : [step];
    });
    if (leaf !== undefined && fate(seed, `last ${node.path}`) < 0.4) all.push(added(node.path, 'last', unit));
    return all.map((step, index) => rebuild({ ...step, index }));
  };
  const added = (parent: string, id: string, unit: string): PlanNode => {
    const path = childPath(parent, id);
    const { when: _, ...plain } = leaf as Extract<PlanNode, { kind: 'uses' }>;
    return { ...plain, id, path, unit, title: path, onFailure: 'pause' };
  };
  const root = rebuild(plan.root) as Plan['root'];
  const last = plan.finally === undefined ? {} : { finally: rebuild(plan.finally) as Plan['root'] };
  return { plan: { ...plan, root, ...last, nodes }, counts };
}

function adopted(before: Model, after: Model, run: Run): Run {
  const { problems, turns, indexes, voided, difference } = adoption(before.plan, after.plan, run.state);
  expect(problems).toEqual([]);
  const playbook = { name: 'p', title: 'P', severity: 'P1', category: 'x', file: 'p.yaml', text: '', digest: '' };
  const data = { playbook, turns, indexes, voided, difference, reason: 'a test', by: 'ana' };
  const next = new Run(run.events);
  next.append({ type: 'run.adopted', actor: 'person:ana', data });
  return next;
}

/** Every path that the new plan has inside what has ended `done`, or that the run itself holds. */
function expectedPaths({ plan, counts }: Model, state: RunState): readonly string[] {
  const paths: string[] = [];
  const visit = (node: PlanNode, path: string): void => {
    paths.push(path);
    if (state.steps.get(path)?.phase !== 'done') return;
    if (node.kind === 'loop') {
      for (let index = 0; index < (counts.get(node.path) ?? 0); index += 1) visit(node.body, instancePath(path, index));
    } else for (const child of nodesInside(node)) visit(child, childPath(path, child.id));
  };
  visit(plan.root, '');
  if (plan.finally) visit(plan.finally, plan.finally.path);
  return paths;
}

const canAbort = ({ plan }: Model): boolean => [...plan.nodes.values()].some((node) => node.onFailure === 'abort');

test('every step of the new plan has its turn, unless what it stands in had ended', () => {
  const cut = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(
      shapes.filter((shape) => !canAbort(modelOf(shape))),
      fc.integer(),
      fc.integer(),
      cut,
      (shape, seed, order, part) => {
        const before = modelOf(shape);
        const whole = play(before, { seed, picks: picker(order) });
        // An end that is known is not changed any more.
        const ending = whole.events.findIndex((event) => event.type === 'run.ending');
        const count = Math.max(1, Math.floor(ending * part));
        const started = new Run(whole.events.slice(0, count));
        const hadEnded = new Set(
          [...started.state.steps].filter(([, { phase }]) => isFinal(phase)).map(([path]) => path),
        );
        const after = edited(before, started.state, seed);
        const run = adopted(before, after, started);
        const end = play(after, { seed, picks: picker(order + 1), from: run.events });
        expect(runStatus(end.state)).toBe('done');
        expect(end.state.openSteps.size + end.state.openGroups.size + end.state.stopped.size).toBe(0);
        const opened = end.events.flatMap((event) => (event.type === 'step.opened' ? [event.step ?? ''] : []));
        expect(new Set(opened).size).toBe(opened.length);
        for (const path of expectedPaths(after, end.state)) {
          const isLate = around(path).some(
            (container) => hadEnded.has(container) || isClosing(started.state, container),
          );
          // Ended by hand while it was open: what was left in it has no turn.
          const isCut = around(path).some((container) => wasEndedByHand(end, container));
          if (!isLate && !isCut) expect(end.state.steps.has(path), path).toBe(true);
        }
        for (const [path, step] of end.state.steps) {
          const node = nodeAt(after.plan, path);
          expect(node, path).toBeDefined();
          if (node && !path.endsWith(']') && !path.endsWith('finally')) expect(step.index, path).toBe(node.index);
        }
      },
    ),
    { numRuns: 300 },
  );
});

function around(path: string): readonly string[] {
  const all: string[] = [];
  for (let parent = parentPath(path); parent !== undefined; parent = parentPath(parent)) all.push(parent);
  return all;
}

function isClosing(state: RunState, path: string): boolean {
  return state.steps.get(path)?.phase === 'closing';
}

function wasEndedByHand({ events }: Run, path: string): boolean {
  return events.some(
    (event: Draft) => event.step === path && event.actor.startsWith('person') && event.type === 'step.done',
  );
}

test('a started step that is gone, or of another kind or action, is refused, each by name', () => {
  const leaf = { kind: 'uses', attempts: 1, onFailure: 'pause', polls: false, approval: false, when: false } as const;
  const of = (steps: number): Model => modelOf({ steps: Array.from({ length: steps }, () => leaf), finally: [] });
  const before = of(3);
  const run = play(before, { seed: 1, picks: picker(1) });
  const started = new Run(run.events.filter((event) => event.type !== 'run.ending' && event.type !== 'run.ended'));
  expect(adoption(before.plan, of(2).plan, started.state).problems).toEqual([
    's2 has had its turn, and is not there any more',
  ]);
  const other = of(3);
  const nodes = new Map(other.plan.nodes);
  const first = nodes.get('s0');
  if (first?.kind === 'uses') nodes.set('s0', { ...first, uses: 'y' });
  const group = modelOf({
    steps: [leaf, { kind: 'group', parallel: 1, when: false, timeout: false, onFailure: 'pause', steps: [leaf] }, leaf],
    finally: [],
  });
  expect(adoption(before.plan, { ...other.plan, nodes }, started.state).problems).toEqual([
    's0 has had its turn with the action x, and uses y now',
  ]);
  expect(adoption(before.plan, group.plan, started.state).problems).toEqual([
    's1 has had its turn as an action step, and is a group now',
  ]);
  expect(adoption(before.plan, of(4).plan, run.state).problems).toEqual(['the run has ended']);
});

test('an approval that is another in the new plan is asked for anew, whether it was asked for or given', () => {
  const leaf = { kind: 'uses', attempts: 1, onFailure: 'pause', polls: false, approval: true, when: false } as const;
  const before = modelOf({ steps: [leaf], finally: [] });
  const stricter = withApproval(before, { by: 2, role: 'security' });
  const whole = play(before, { seed: 1, picks: picker(1) });
  for (const last of ['approval.requested', 'approval.given'] as const) {
    const count = whole.events.findIndex((event) => event.type === last) + 1;
    const started = new Run(whole.events.slice(0, count));
    const same = adoption(before.plan, before.plan, started.state);
    expect(same.voided).toEqual([]);
    const run = adopted(before, stricter, started);
    expect(run.state.steps.get('s0')?.approval).toMatchObject({ pending: null, granted: null, isVoided: true });
    expect(decide(stricter.plan, run.state)).toMatchObject([{ type: 'request-approval', path: 's0' }]);
    // The weaker request is not there any more: a vote on it counts for nothing.
    run.append({ type: 'approval.given', actor: 'person:b', step: 's0', data: { request: 1, by: 'b' } });
    expect(decide(stricter.plan, run.state)).toMatchObject([{ type: 'request-approval', path: 's0' }]);
    // Without any approval it goes on by itself.
    const free = adopted(before, withApproval(before, undefined), started);
    expect(decide(before.plan, free.state)[0]).toMatchObject({ type: 'request-approval' });
    expect(decide(withApproval(before, undefined).plan, free.state)[0]).toMatchObject({ type: 'attempt' });
  }
});

function withApproval({ plan, counts }: Model, approval: ApprovalPolicy | undefined): Model {
  const change = (node: PlanNode): PlanNode => {
    if (node.kind === 'group') return { ...node, steps: node.steps.map(change) };
    if (node.kind !== 'uses') return node;
    const { approval: _, ...rest } = node;
    return approval === undefined ? rest : { ...rest, approval };
  };
  const nodes = new Map([...plan.nodes].map(([path, node]) => [path, change(node)]));
  return { plan: { ...plan, root: change(plan.root) as Plan['root'], nodes }, counts };
}

describe('a playbook with a step whose output could never come', () => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld();
  });
  afterEach(() => world.close());

  const echoing = (id: string, value = 'x'): string =>
    `{ id: ${id}, title: ${id}, uses: test.echo, with: { value: "${value}" } }`;
  const withGroup = (inside: readonly string[], last: string): string =>
    playbook(`  - id: group
    title: Group
    steps:
${inside.map((step) => `      - ${step}\n`).join('')}  - { id: ask, title: Ask, manual: Ask. }
  - ${last}
`);
  const plain = withGroup([echoing('a')], echoing('last'));
  const problems = async (...inside: readonly string[]): Promise<readonly string[]> => {
    const { plan, state } = await world.start(plain);
    const value = '${{ steps.new.output.value }}';
    return adoption(plan, world.compile(withGroup([echoing('a'), ...inside], echoing('last', value))), state).problems;
  };

  test('is refused where the step is new in a group that has ended, and a step to come reads it', async () => {
    const refusal = 'group/new is new, and last reads its output: it cannot come, for group has ended';
    expect(await problems(echoing('new'))).toEqual([refusal]);
    expect(await problems(`{ id: deeper, title: In, steps: [${echoing('new')}] }`)).toEqual([
      'group/deeper/new is new, and last reads its output: it cannot come, for group has ended',
    ]);
  });

  test('is taken where the group is open still, or nobody who is to come needs it', async () => {
    const { plan, state } = await world.start(plain);
    const more = withGroup(
      [echoing('a'), echoing('new'), echoing('own', '${{ steps.new.output.value }}')],
      echoing('last'),
    );
    expect(adoption(plan, world.compile(more), state).problems).toEqual([]);
    const first = await world.start(playbook('  - { id: ask, title: Ask, manual: Ask. }\n'));
    const later = `  - { id: ask, title: Ask, manual: Ask. }
  - ${echoing('new')}
  - ${echoing('last', '${{ steps.new.output.value }}')}
`;
    expect(adoption(first.plan, world.compile(playbook(later)), first.state).problems).toEqual([]);
  });
});
