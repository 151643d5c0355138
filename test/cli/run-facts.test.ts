import { expect, it } from 'vitest';
import { runFactsOf } from '../../engine/cli/runs/run-facts.ts';
import type { Draft, SkipReason } from '../../engine/run/events.ts';
import { created, opened, stateOf } from '../ui/events.ts';

const PLAYBOOK = {
  name: 'breach',
  title: 'Breach',
  severity: 'P1',
  category: 'security',
  file: 'breach.yaml',
  digest: '',
};

const skipped = (step: string, kind: SkipReason['kind']): Draft => ({
  type: 'step.skipped',
  actor: 'engine',
  step,
  data: { reason: { kind, text: 'no' }, index: 0, title: step },
});

it('a score counts the steps that were skipped, not the playbook and groups around them', () => {
  const state = stateOf([
    created(),
    opened('', 'group', 'Breach'),
    skipped('calm', 'when'),
    skipped('keys', 'person'),
    opened('contain', 'group', 'Contain', 1),
    opened('contain/ban', 'uses', 'Ban'),
    { type: 'run.ending', actor: 'engine', data: { outcome: 'aborted', reason: 'no' } },
    skipped('contain/ban', 'abort'),
    skipped('contain', 'abort'),
    skipped('', 'abort'),
    { type: 'run.ended', actor: 'engine', data: { outcome: 'aborted', outputs: {} } },
  ]);
  expect(runFactsOf(state)).toMatchObject({
    outcome: 'aborted',
    steps: 2,
    stepsSkipped: ['keys'],
    stepsNotReached: ['contain/ban'],
    failedSteps: [],
  });
});

it('what a run was aborted before counts as never reached, also what it never opened; what did not apply does not', () => {
  const text = `steps:
  - { id: calm, steps: [{ id: wait }] }
  - { id: look }
  - { id: contain, steps: [{ id: ban }, { id: revoke }] }
  - { id: each, forEach: [1], steps: [{ id: tell }] }`;
  const state = stateOf([
    created({ playbook: { ...PLAYBOOK, text } }),
    opened('', 'group', 'Breach'),
    skipped('calm', 'when'),
    opened('look', 'manual', 'Look', 1),
    { type: 'run.ending', actor: 'engine', data: { outcome: 'aborted', reason: 'no' } },
    skipped('look', 'abort'),
    skipped('', 'abort'),
    { type: 'run.ended', actor: 'engine', data: { outcome: 'aborted', outputs: {} } },
  ]);
  expect(runFactsOf(state)).toMatchObject({
    steps: 4,
    stepsSkipped: [],
    stepsNotReached: ['look', 'contain/ban', 'contain/revoke', 'each[]/tell'],
  });
});
