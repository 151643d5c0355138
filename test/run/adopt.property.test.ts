// A run that goes on with a changed playbook: random plans, a random beginning, steps inserted and unstarted ones removed.
// Every step of the new plan has its turn, none has two, and the run ends.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodesInside, type Plan, type PlanNode } from '../../engine/playbook/plan.ts';
import { adoption } from '../../engine/run/adopt.ts';
import type { Draft } from '../../engine/run/events.ts';
import { childPath, instancePath, nodeAt, parentPath, staticPath } from '../../engine/run/paths.ts';
import { isFinal, type RunState, runStatus } from '../../engine/run/state.ts';
import { fate, type Model, modelOf, picker, play, Run, shapes } from './core-model.ts';

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
  const { problems, turns, indexes, difference } = adoption(before.plan, after.plan, run.state);
  expect(problems).toEqual([]);
  const playbook = { name: 'p', title: 'P', severity: 'P1', category: 'x', file: 'p.yaml', text: '', digest: '' };
  const data = { playbook, turns, indexes, difference, reason: 'a test', by: 'ana' };
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
