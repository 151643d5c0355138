import { describe, expect, it } from 'vitest';
import type { Draft } from '../../engine/run/events.ts';
import { createLiveFacts, noteFact } from '../../engine/ui/live-facts.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { treeLines } from '../../engine/ui/tree.ts';
import { badVerdict } from '../../engine/ui/verdict.ts';
import { created, done, failed, group, journalOf, loop, opened, planOf, stateOf, uses } from './events.ts';

const frame = {
  runId: 'k3j',
  columns: 80,
  rows: 24,
  palette: createPalette(false),
  now: Date.UTC(2026, 4, 12, 3, 10),
  tick: 0,
  isHeld: true,
};
const started: Draft = {
  type: 'attempt.started',
  actor: 'engine',
  step: 'probe',
  data: { attempt: 1, round: 0, uses: 'x.y', inputs: {}, inputsDigest: '', idempotent: true },
};
const plan = planOf([uses('probe', 'Probe', 0)]);
const begin = [created(), opened('', 'group', 'B'), opened('probe', 'uses', 'Probe')];

describe('the verdict of an output', () => {
  it('is bad where it says ok: false, with a short error', () => {
    expect(badVerdict({ value: { ok: false, error: 'connection\nrefused' } })).toBe('ok: false · connection refused');
    expect(badVerdict({ value: { ok: false, error: 'x'.repeat(500) } })).toBe('ok: false');
  });

  it.each([{ ok: true }, { ok: 'false' }, {}, null, [false]])('is not bad for %j', (value) => {
    expect(badVerdict({ value })).toBeNull();
  });

  it('marks the step in the tree, also where the state keeps no output', () => {
    const drafts: Draft[] = [
      ...begin,
      {
        type: 'step.done',
        actor: 'engine',
        step: 'probe',
        data: { durationMs: 1200, output: { value: { ok: false, error: 'refused' } } },
      },
    ];
    const facts = createLiveFacts();
    for (const event of journalOf(drafts)) noteFact(facts, event);
    const state = stateOf(drafts);
    delete state.steps.get('probe')?.output;
    expect(treeLines(plan, state, { ...frame, facts })[1]).toBe('! Probe  ok: false · refused · 1.2 s');
  });
});

describe('what is folded away', () => {
  const down = { durationMs: 5, output: { value: { ok: false } } };
  const look = loop('g/each', 'Each', 1, group('g/each[]', 'Look', 0, [uses('g/each[]/probe', 'Probe', 0)]));
  const folded = planOf([group('g', 'Verify', 0, [uses('g/probe', 'Probe', 0), look])]);
  const drafts: Draft[] = [
    created(),
    opened('', 'group', 'B'),
    opened('g', 'group', 'Verify'),
    opened('g/probe', 'uses', 'Probe'),
    done('g/probe', down),
    opened('g/each', 'loop', 'Each', 1, { count: 1 }),
    opened('g/each[0]', 'group', 'Look'),
    opened('g/each[0]/probe', 'uses', 'Probe'),
    failed('g/each[0]/probe', 'no', 'continue'),
    done('g/each[0]'),
    done('g/each'),
    done('g'),
  ];

  it('is not shown as if all were well', () => {
    expect(treeLines(folded, stateOf(drafts), frame)[1]).toBe('! Verify  1 failed, 1 not well · 1.2 s');
    const facts = createLiveFacts();
    for (const event of journalOf(drafts)) noteFact(facts, event);
    const state = stateOf(drafts);
    delete state.steps.get('g/probe')?.output;
    expect(treeLines(folded, state, { ...frame, facts })[1]).toBe('! Verify  1 failed, 1 not well · 1.2 s');
  });
});

describe('a status, which knows no more than the state', () => {
  it('marks a step whose output says ok: false', () => {
    const state = stateOf([...begin, done('probe', { output: { value: { ok: false, error: 'refused' } } })]);
    expect(treeLines(plan, state, { ...frame, tick: null, rows: Number.POSITIVE_INFINITY })[1]).toBe(
      '! Probe  ok: false · refused · 1.2 s',
    );
  });
});

describe('the time of a step under way', () => {
  it('is counted from its attempt, not from when it began to wait for people', () => {
    const drafts = [
      ...begin,
      ...Array.from({ length: 4 }, () => ({ ...started, type: 'step.log', data: { text: 'w' } })),
      started,
    ] as Draft[];
    const facts = createLiveFacts();
    for (const event of journalOf(drafts)) noteFact(facts, event);
    expect(treeLines(plan, stateOf(drafts), { ...frame, facts })[1]).toBe('⠋ Probe  3 min 00 s');
  });
});
