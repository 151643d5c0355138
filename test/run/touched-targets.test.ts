// The index of what a run has touched, against a count from the whole ledger.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome, Target } from '../../engine/action.ts';
import type { Draft, RunEvent } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState, type RunState } from '../../engine/run/state.ts';
import { touchedTargets, withOwners } from '../../engine/run/touched-targets.ts';

const SESSION_OWNERS: Target[] = ['ana', 'bob'].map((id) => ({ kind: 'user', id }));
const STEPS = ['a', 'b', 'undo1/1'];

function journal(state: RunState) {
  const listeners: ((event: RunEvent) => void)[] = [];
  return {
    state,
    listen(listener: (event: RunEvent) => void) {
      listeners.push(listener);
      return () => undefined;
    },
    append(draft: Draft): void {
      // What the store adds.
      const place = { seq: state.seq + 1, at: '2026-11-24T03:00:00.000Z', v: 1, hash: '' };
      const event = { ...draft, ...place } as RunEvent;
      evolve(state, event);
      for (const listener of listeners) listener(event);
    },
  };
}

function countAll(state: RunState, kind: string): number {
  const ids = new Set<string>();
  for (const [step, changes] of state.changes) {
    if (step.startsWith('undo')) continue;
    for (const change of changes.values()) {
      if (!['intended', 'done', 'unknown'].includes(change.outcome)) continue;
      for (const one of withOwners(change)) if (one.kind === kind) ids.add(one.id);
    }
  }
  return ids.size;
}

const outcome = fc.constantFrom<Outcome>('done', 'already', 'protected', 'skipped', 'failed', 'unknown');
const happening = fc.record({
  step: fc.constantFrom(...STEPS),
  what: fc.constantFrom('user', 'session'),
  id: fc.constantFrom('ana', 'bob', 'cem', 'dan'),
  owner: fc.option(fc.constantFrom(...SESSION_OWNERS), { nil: undefined }),
  event: fc.oneof(fc.constant('intended' as const), outcome),
});

test('whatever happens to changes, the index counts as the whole ledger does, begun early or late', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), fc.nat(60), (happenings, begin) => {
      const source = journal(initialState());
      for (const [index, path] of STEPS.entries()) {
        const data = { kind: 'uses', index, title: path } as const;
        source.append({ type: 'step.opened', actor: 'engine', step: path, data });
      }
      const touched = touchedTargets(source);
      for (const [index, { step, what, id, owner, event }] of happenings.entries()) {
        if (index === begin) touched.countWith([]);
        const owned = what === 'session' && owner !== undefined ? { owner } : {};
        const named = { kind: what, verb: 'end', round: 0 };
        const at = { actor: 'engine', step } as const;
        if (event === 'intended') {
          const data = { ...named, attempt: 1, after: {}, targets: [{ id, ...owned }] };
          source.append({ ...at, type: 'change.intended', data });
        } else
          source.append({
            ...at,
            type: 'change.settled',
            data: { ...named, results: [{ id, outcome: event, ...owned }] },
          });
      }
      for (const kind of ['user', 'session']) {
        // One that is not there adds itself alone.
        expect(touched.countWith([{ kind, id: 'nobody' }]).get(kind)).toBe(countAll(source.state, kind) + 1);
      }
    }),
  );
});

test('a target that is reserved counts once, until it is given up', () => {
  const source = journal(initialState());
  const touched = touchedTargets(source);
  const ana = { kind: 'user', id: 'ana' };
  const release = touched.reserve([{ kind: 'session', id: 's1', owner: ana }, ana]);
  const count = () => touched.countWith([{ kind: 'user', id: 'bob' }, ana]).get('user');
  expect(count()).toBe(2);
  release();
  expect(count()).toBe(2);
  expect(touched.countWith([{ kind: 'user', id: 'bob' }]).get('user')).toBe(1);
});
