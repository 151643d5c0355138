import { describe, expect, it } from 'vitest';
import type { Draft } from '../../engine/run/events.ts';
import { createLiveFacts, noteFact } from '../../engine/ui/live-facts.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { treeLines } from '../../engine/ui/tree.ts';
import { badVerdict } from '../../engine/ui/verdict.ts';
import { created, journalOf, opened } from '../report/events.ts';
import { planOf, stateOf, uses } from './events.ts';

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
