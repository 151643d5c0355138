import { expect, test } from 'vitest';
import { revokeUntilNoneIsLeft } from '../../../actions/clerk/changes/revoke-until-none.ts';
import type { Target } from '../../../engine/action.ts';
import { type FakeOptions, fakeRun } from '../fake-context.ts';

const OWNER: Target = { kind: 'user', id: 'user_1' };

/** Keys of one owner; `add` says which are made after how many revokes. */
function keysOf(first: readonly string[], add: { readonly [revokes: number]: string } = {}, options: FakeOptions = {}) {
  const active = new Set(first);
  const sent: string[] = [];
  const { ctx } = fakeRun(options);
  const run = () =>
    revokeUntilNoneIsLeft(ctx, {
      kind: 'api-key',
      noun: 'API keys',
      after: { revoked: true },
      left: 'API keys are still accepted',
      batches: [[OWNER]],
      isAllowed: () => true,
      list: async () => [...active].map((id) => ({ id, owner: OWNER, before: { revoked: false }, attributes: {} })),
      revoke: async ({ id }) => {
        sent.push(id);
        const made = add[sent.length];
        if (made !== undefined) active.add(made);
        return active.delete(id) ? 'revoked' : 'over';
      },
    });
  return { run, sent, active };
}

test('revokes a key that is made while it works', async () => {
  const { run, active } = keysOf(['a', 'b'], { 1: 'c', 3: 'd' });
  expect(await run()).toEqual({ revoked: 4, alreadyRevoked: 0, held: [], unknown: [] });
  expect([...active]).toEqual([]);
});

test('gives up, and says so, on an owner who makes keys faster than they are revoked', async () => {
  const endless = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [n + 1, `more${n}`]));
  const { run } = keysOf(['a'], endless);
  await expect(run()).rejects.toThrow(/^1 API keys are still accepted, 0 revokes in doubt at the end/);
});

test('takes up what an earlier attempt left without an answer, although no list has it any more', async () => {
  const ledger = [{ kind: 'api-key', id: 'a', verb: 'revoke', outcome: 'unknown', owner: OWNER } as const];
  const { run, sent } = keysOf([], {}, { ledger });
  expect(await run()).toEqual({ revoked: 1, alreadyRevoked: 0, held: [], unknown: [] });
  expect(sent).toEqual(['a']);
});

test('a plan revokes nothing and says what is there', async () => {
  const { run, sent } = keysOf(['a', 'b'], {}, { planning: true });
  expect(await run()).toMatchObject({ revoked: 0, held: [{ id: 'a' }, { id: 'b' }] });
  expect(sent).toEqual([]);
});
