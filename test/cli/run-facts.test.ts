import { expect, it } from 'vitest';
import { runFactsOf } from '../../engine/cli/runs/run-facts.ts';
import type { Draft, SkipReason } from '../../engine/run/events.ts';
import { created, opened, stateOf } from '../ui/events.ts';

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
  expect(runFactsOf(state)).toMatchObject({ stepsSkipped: ['keys', 'contain/ban'], failedSteps: [] });
});
