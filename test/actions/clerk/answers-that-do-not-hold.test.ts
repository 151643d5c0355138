// A 200 whose content is not what was asked for, a refusal that says nothing of the target: no step is green over them.
import { expect, test } from 'vitest';
import protectInstance from '../../../actions/clerk/protect-instance.ts';
import restrictInstance from '../../../actions/clerk/restrict-instance.ts';
import revokeTokens from '../../../actions/clerk/revoke-tokens.ts';
import { PermanentFailure } from '../../../engine/action.ts';
import type { Json } from '../../../engine/json.ts';
import type { FakeRun } from '../fake-context.ts';
import { type Answer, refusal, startStub } from './stub-clerk.ts';

const outcomes = ({ results }: FakeRun) => [...results.values()].map(({ outcome }) => outcome);
const protect = (rules: boolean, specter: boolean): Answer => [
  200,
  { object: 'instance_protect', rules_enabled: rules, specter_enabled: specter },
];
const restrictions = (allowlist: boolean, blocklist: boolean): Answer => [
  200,
  {
    object: 'instance_restrictions',
    allowlist,
    blocklist,
    allowlist_blocklist_disabled_on_sign_in: false,
    block_email_subaddresses: false,
    block_disposable_email_domains: false,
  },
];

test('protection that was answered with 200 and stays off fails the step, as a change that did not happen', async () => {
  const protecting = (await startStub(() => protect(false, false))).run();
  await expect(protecting.run(protectInstance, { rules: true })).rejects.toThrow(/rules_enabled is false, not true/);
  expect(outcomes(protecting)).toEqual(['failed']);
});

test('protection of which a part was taken is in doubt, so that an undo can restore what there was', async () => {
  let isOn = false;
  const { run } = await startStub(({ method }) => {
    if (method === 'PATCH') isOn = true;
    return protect(isOn, false);
  });
  const protecting = run();
  const input = { rules: true, specter: true };
  await expect(protecting.run(protectInstance, input)).rejects.toThrow(/specter_enabled is false, not true/);
  expect([...protecting.results.values()]).toMatchObject([
    { outcome: 'unknown', before: { rules_enabled: false, specter_enabled: false } },
  ]);
});

test('protection that an earlier attempt set and somebody took back since fails the step', async () => {
  const { run } = await startStub(() => protect(false, false));
  const done = { kind: 'instance-protect', id: 'instance', verb: 'set', outcome: 'done' } as const;
  const again = run({ ledger: [{ ...done, before: { rules_enabled: false }, after: { rules_enabled: true } }] });
  await expect(again.run(protectInstance, { rules: true })).rejects.toThrow(/rules_enabled is false, not true/);
});

test('restrictions that Clerk answers otherwise than they were set fail the step', async () => {
  const none = (await startStub(() => restrictions(false, false))).run();
  const input = { set: { blocklist: true }, earlier: { blocklist: false } };
  await expect(none.run(restrictInstance, input)).rejects.toThrow(/blocklist is false, not true/);
  expect(outcomes(none)).toEqual(['failed']);
  const part = (await startStub(() => restrictions(true, false))).run();
  const both = { set: { blocklist: true, allowlist: true } };
  await expect(part.run(restrictInstance, both)).rejects.toThrow(/blocklist is false, not true/);
  expect(outcomes(part)).toEqual(['unknown']);
});

test('a setting that is protected fails its step, for good, and is not sent; a plan shows it', async () => {
  const { run, asked } = await startStub(() => protect(false, false));
  const held = { protectedIds: ['instance'] };
  for (const [action, input] of [
    [protectInstance, { rules: true }],
    [restrictInstance, { set: { blocklist: true } }],
  ] as const) {
    const attempt = run(held).run(action, input);
    await expect(attempt).rejects.toBeInstanceOf(PermanentFailure);
    await expect(attempt).rejects.toThrow(/was not changed, it is protected/);
    const planning = run({ ...held, planning: true });
    await planning.run(action, input);
    expect(outcomes(planning)).toEqual(['protected']);
  }
  expect(asked.filter(({ method }) => method !== 'GET')).toEqual([]);
});

test.for<[string, Json, RegExp]>([
  ['pending', { object: 'sign_in_token', id: 'sit_1', status: 'pending' }, /answered that the token is pending/],
  ['accepted', { object: 'sign_in_token', id: 'sit_1', status: 'accepted' }, /answered that the token is accepted/],
  ['no token', [], /not the JSON that was expected/],
])('a token that Clerk answers as %s is not counted as revoked', async ([, body, text]) => {
  const revoking = (await startStub(() => [200, body])).run();
  await expect(revoking.run(revokeTokens, { signInTokens: ['sit_1'] })).rejects.toThrow(text);
  expect(outcomes(revoking)).not.toContain('done');
});

test('a 400 that says nothing of the token fails; one that says that it is not pending is told', async () => {
  const wrong = await startStub(() => refusal(400, 'form_param_format_invalid'));
  await expect(wrong.run().run(revokeTokens, { signInTokens: ['sit_1'] })).rejects.toThrow(
    /tokens are not known to be revoked.*form_param_format_invalid/,
  );
  const { run } = await startStub(({ path }) =>
    refusal(400, `${path.includes('actor') ? 'actor' : 'sign_in'}_token_cannot_be_revoked_code`),
  );
  expect(await run().run(revokeTokens, { signInTokens: ['sit_1'], actorTokens: ['act_1'] })).toMatchObject({
    revoked: 0,
    uncertain: [],
    notPending: ['act_1', 'sit_1'],
  });
});

test('a token of which Clerk says after a lost answer that it is not pending is uncertain, and not counted as revoked', async () => {
  let tries = 0;
  const { run } = await startStub(() => (++tries === 1 ? 'lost' : refusal(400, 'sign_in_token_cannot_be_revoked')));
  const output = await run().run(revokeTokens, { signInTokens: ['sit_1'] });
  expect(output).toEqual({ revoked: 0, uncertain: ['sit_1'], notPending: [], unknown: [], remaining: 0 });
});

test('a 408 is a lost answer and no refusal: it is sent again', async () => {
  let tries = 0;
  const { run, asked } = await startStub(() =>
    ++tries === 1 ? refusal(408, 'request_timeout') : refusal(400, 'sign_in_token_cannot_be_revoked'),
  );
  const output = await run().run(revokeTokens, { signInTokens: ['sit_1'] });
  expect(output).toMatchObject({ uncertain: ['sit_1'], revoked: 0 });
  expect(asked).toHaveLength(2);
});
