import { describe, expect, it } from 'vitest';
import type { Clock } from '../../engine/run/clock.ts';
import { type ApprovalRequest, type ManualRequest, nobody } from '../../engine/run/people.ts';
import { createScenarioPeople, type ScenarioPeopleOptions } from '../../engine/ui/scenario-people.ts';
import { manual } from './events.ts';

const immediate: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after(_, callback) {
    callback();
    return () => undefined;
  },
};
const never: Clock = { ...immediate, after: () => () => undefined };
const approval = { step: 'ban', by: 'Robin', role: 'security', decision: 'approve', afterMs: 5 } as const;
const people = (more: Partial<ScenarioPeopleOptions> = {}) =>
  createScenarioPeople({
    answers: { steps: { keys: { fields: { exposed: false }, note: 'checked' } }, approvals: [approval] },
    isUnattended: true,
    operator: 'ana',
    clock: immediate,
    behind: nobody,
    ...more,
  });

const node = manual('keys', 'Keys', 0);
if (node.kind !== 'manual') throw new Error('a manual step');
const question: ManualRequest = { step: node, path: 'keys', text: '', defaults: {}, check: (fields) => ({ fields }) };
const asks = (by: number): ApprovalRequest => ({
  step: node,
  path: 'ban',
  request: { request: 1, uses: 'x', inputs: {}, inputsDigest: '', by, counts: [] },
});
const open = new AbortController().signal;

describe('a scenario playing people', () => {
  it('answers manual steps in an unattended drill only', async () => {
    expect(await people().manual(question, open)).toEqual({
      kind: 'answered',
      actor: 'scenario:ana',
      fields: { exposed: false },
      note: 'checked',
    });
    expect(await people({ isUnattended: false }).manual(question, open)).toEqual({ kind: 'later' });
  });
  it('leaves a step whose answer does not fit to whoever is behind it', async () => {
    expect(await people().manual({ ...question, check: () => ({ problems: ['no'] }) }, open)).toEqual({
      kind: 'later',
    });
  });
  it('gives the approvals of others, attended or not', async () => {
    const given = { kind: 'given', actor: 'scenario:Robin', role: 'security' };
    expect(await people({ isUnattended: false }).approval(asks(1), open)).toEqual(given);
    expect(await people().approval(asks(1), open)).toEqual(given);
  });
  it('confirms for the operator only in an unattended drill', async () => {
    expect(await people().approval(asks(0), open)).toEqual({ kind: 'given', actor: 'scenario:ana' });
    expect(await people({ isUnattended: false }).approval(asks(0), open)).toEqual({ kind: 'later' });
  });
  it('confirms steps and takes temporary changes back in an unattended drill only', async () => {
    const step = { path: 'ban', title: 'Ban' };
    expect(await people().confirm(step, open)).toEqual({ kind: 'go', actor: 'scenario:ana' });
    expect(await people().temporary({ ...step, changes: [] }, open)).toEqual({ kind: 'undo', actor: 'scenario:ana' });
    const attended = people({ isUnattended: false });
    expect(await attended.confirm(step, open)).toEqual({ kind: 'later' });
    expect(await attended.temporary({ ...step, changes: [] }, open)).toEqual({ kind: 'later' });
  });
  it('invents no output, no secret, and no end of a doubt', async () => {
    const step = { path: 'ban', title: 'Ban' };
    expect(await people().output({ ...step, schema: {}, check: () => [] }, open)).toEqual({ kind: 'later' });
    expect(await people().secret({ path: 'ban', name: 'inputs.token' }, open)).toEqual({ kind: 'later' });
    const doubt = { kind: 'user', verb: 'ban', round: 0, ids: ['a'] };
    expect(await people().doubt({ ...step, doubt, changes: [] }, open)).toEqual({ kind: 'later' });
  });
  it('falls silent when the question is closed meanwhile', async () => {
    const closing = new AbortController();
    const answer = people({ clock: never }).approval(asks(1), closing.signal);
    closing.abort();
    expect(await answer).toEqual({ kind: 'later' });
  });
});
