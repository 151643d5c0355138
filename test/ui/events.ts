// Hand-written journals and plans for projections: only what a store or a compiler adds is filled in.
import {
  type CallStep,
  type GroupStep,
  type LoopStep,
  type ManualStep,
  nodesInside,
  type Plan,
  type PlanNode,
} from '../../engine/playbook/plan.ts';
import type { Draft, RunEvent, StepKind } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState, type RunState } from '../../engine/run/state.ts';

/** Events with seq from 1, one minute apart from 03:00 UTC. */
export function journalOf(drafts: readonly Draft[]): RunEvent[] {
  return drafts.map((draft, index) => ({
    ...draft,
    seq: index + 1,
    at: new Date(Date.UTC(2026, 4, 12, 3, index)).toISOString(),
    v: 1,
    hash: String(index + 1).padStart(64, '0'),
  })) as RunEvent[];
}

export function stateOf(drafts: readonly Draft[]): RunState {
  const state = initialState();
  for (const event of journalOf(drafts)) evolve(state, event);
  return state;
}

type Data<T extends Draft['type']> = Extract<Draft, { type: T }>['data'];

export const created = (more: Partial<Data<'run.created'>> = {}): Draft => ({
  type: 'run.created',
  actor: 'person:ana',
  data: {
    playbook: {
      name: 'breach',
      title: 'Breach',
      severity: 'P1',
      category: 'security',
      file: 'breach.yaml',
      text: '',
      digest: '',
    },
    operator: 'ana',
    inputs: {},
    env: {},
    engine: '0.0.0',
    ...more,
  },
});

export const opened = (
  step: string,
  kind: StepKind,
  title: string,
  index = 0,
  more: Partial<Data<'step.opened'>> = {},
): Draft => ({
  type: 'step.opened',
  actor: 'engine',
  step,
  data: { kind, index, title, ...more },
});

export const done = (step: string, more: Partial<Data<'step.done'>> = {}): Draft => ({
  type: 'step.done',
  actor: 'engine',
  step,
  data: { durationMs: 1200, ...more },
});

export const failed = (
  step: string,
  message: string,
  onFailure: Data<'step.failed'>['onFailure'] = 'pause',
): Draft => ({ type: 'step.failed', actor: 'engine', step, data: { error: { code: 'E', message }, onFailure } });

/** Sent, with no answer yet; `settled` says what came of it. */
export const intended = (step: string, ids: readonly string[]): Draft => ({
  type: 'change.intended',
  actor: 'engine',
  step,
  data: {
    attempt: 1,
    kind: 'user',
    verb: 'ban',
    round: 0,
    after: { banned: true },
    targets: ids.map((id) => ({ id })),
  },
});
export const settled = (step: string, results: Data<'change.settled'>['results']): Draft => ({
  type: 'change.settled',
  actor: 'engine',
  step,
  data: { kind: 'user', verb: 'ban', round: 0, results },
});
export const doubted = (step: string, ids: readonly string[]): Draft => ({
  type: 'change.doubted',
  actor: 'engine',
  step,
  data: { kind: 'user', verb: 'ban', round: 0, ids },
});

/** A loop's turn, and that of so many of its instances, each done at once. */
export function looped(path: string, title: string, options: { index?: number; count: number; done: number }): Draft[] {
  const { index = 0, count } = options;
  return [
    opened(path, 'loop', title, index, { count }),
    ...Array.from({ length: options.done }, (_, at) => [
      opened(`${path}[${at}]`, 'uses', `${title} ${at}`, at),
      done(`${path}[${at}]`),
    ]).flat(),
  ];
}

const location = { file: 'breach.yaml', line: 1, column: 1 };
const template = { location, isConstant: true, readsSteps: [], readsSecrets: [], resolve: () => null };
const expression = { location, source: 'inputs.all', readsSteps: [], readsSecrets: [], evaluate: () => [] };
const base = (path: string, title: string, index: number) =>
  ({
    id: /[^/[]*(?=(\[\])?$)/.exec(path)?.[0] ?? path,
    path,
    title,
    index,
    unit: '',
    tags: [],
    location,
    onFailure: 'pause',
    isOutputRead: false,
    isOutputNeeded: false,
  }) as const;

export const manual = (path: string, title: string, index: number): ManualStep => ({
  ...base(path, title, index),
  kind: 'manual',
  text: template,
  fields: [{ name: 'exposed', schema: { type: 'boolean' }, required: true }],
  evidence: 'optional',
  assert: [],
});
export const uses = (path: string, title: string, index: number): PlanNode => ({
  ...base(path, title, index),
  kind: 'uses',
  uses: 'x.y',
  with: template,
  assert: [],
});
export const group = (path: string, title: string, index: number, steps: readonly PlanNode[]): GroupStep => ({
  ...base(path, title, index),
  kind: 'group',
  steps,
  parallel: 1,
});
export const loop = (path: string, title: string, index: number, body: PlanNode): LoopStep => ({
  ...base(path, title, index),
  kind: 'loop',
  list: expression,
  as: 'item',
  concurrency: 1,
  body,
});
export const call = (
  path: string,
  title: string,
  index: number,
  inside: { readonly steps: readonly PlanNode[]; readonly finally?: GroupStep },
): CallStep => ({
  ...base(path, title, index),
  kind: 'call',
  playbook: 'other',
  with: template,
  parallel: 1,
  ...inside,
});

export function planOf(steps: readonly PlanNode[], last?: GroupStep): Plan {
  const root = group('', 'Breach', 0, steps);
  const nodes = new Map<string, PlanNode>();
  const add = (node: PlanNode): void => {
    nodes.set(node.path, node);
    nodesInside(node).forEach(add);
  };
  add(root);
  if (last) add(last);
  return {
    name: 'breach',
    title: 'Breach',
    category: 'security',
    severity: 'P1',
    symptoms: [],
    tags: [],
    inputs: [],
    requires: { secrets: [], optionalSecrets: [], env: [] },
    limits: {},
    concurrency: 'many',
    root,
    ...(last === undefined ? {} : { finally: last }),
    hasGroupTimeouts: false,
    nodes,
    units: new Map(),
    outputs: [],
    text: '',
    file: 'breach.yaml',
  };
}
