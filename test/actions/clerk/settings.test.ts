// The blocklist, attack protection and restrictions of the instance, against the drill's Clerk.
import { expect, onTestFinished, test } from 'vitest';
import blockIdentifiers from '../../../actions/clerk/block-identifiers.ts';
import protectInstance from '../../../actions/clerk/protect-instance.ts';
import restrictInstance from '../../../actions/clerk/restrict-instance.ts';
import unblockIdentifiers from '../../../actions/clerk/unblock-identifiers.ts';
import { PermanentFailure } from '../../../engine/action.ts';
import type { Choices } from '../../../engine/drill/scenario.ts';
import { type DrillWorld, startWorld } from '../../../engine/drill/world.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { ask as askWorld, scenarioWith, temporaryFile } from '../../drill/helpers.ts';
import { FakeClock, type FakeOptions, type FakeRun, fakeRun } from '../fake-context.ts';
import { fault } from './key-drill.ts';

const plainFetch = globalThis.fetch;
/** Not an action's: past the gate that the fake context puts in. */
function ask(...given: Parameters<typeof askWorld>): ReturnType<typeof askWorld> {
  globalThis.fetch = plainFetch;
  return askWorld(...given);
}

async function start(
  faults: readonly JsonObject[] = [],
  choices: Partial<Choices> = {},
): Promise<{ readonly world: DrillWorld; run(options?: FakeOptions): FakeRun }> {
  const parsed = scenarioWith({}, { faults: [...faults] });
  const scenario = { ...parsed, world: { ...parsed.world, choices: { ...parsed.world.choices, ...choices } } };
  const clock = new FakeClock();
  const world = await startWorld({ scenario, stateFile: temporaryFile(), clock });
  onTestFinished(() => world.stop());
  const secrets = { CLERK_SECRET_KEY: world.secretKey };
  return { world, run: (options) => fakeRun({ secrets, env: world.env, ...options }, clock) };
}

async function blocked(world: DrillWorld): Promise<readonly unknown[]> {
  const { data } = (await ask(world, 'GET', '/v1/blocklist_identifiers')).body as { data: JsonObject[] }; // As the schema says.
  return data.map(({ identifier }) => identifier).sort();
}

const LIST = ['intruder@evil.example', '*@bad.example', '+15551234567'];

test('blocks what is not on the list yet, once each, and says when the list acts', async () => {
  const { world, run } = await start();
  await ask(world, 'POST', '/v1/blocklist_identifiers', { identifier: '*@bad.example' });
  const output = await run().run(blockIdentifiers, { identifiers: [...LIST, 'Intruder@Evil.example'] });
  expect(output).toMatchObject({ blocked: 2, alreadyBlocked: 1, failed: [] });
  expect(output.note).toContain('Acts only while the blocklist restriction');
  expect(await blocked(world)).toHaveLength(3);
});

test('an undo takes off only the rows that were put there', async () => {
  const { world, run } = await start();
  await ask(world, 'POST', '/v1/blocklist_identifiers', { identifier: '*@bad.example' });
  const blocking = run();
  await blocking.run(blockIdentifiers, { identifiers: LIST });
  const own = [...blocking.results.values()].filter(({ outcome }) => outcome === 'done').map(({ id }) => id);
  expect(await run().run(unblockIdentifiers, { identifiers: own })).toEqual({
    unblocked: 2,
    notBlocked: 0,
    failed: [],
  });
  expect(await blocked(world)).toEqual(['*@bad.example']);
});

test('a row that somebody else put there before the call arrived stays theirs', async () => {
  const { world, run } = await start();
  const [identifier = ''] = LIST;
  // An attempt before had read that it was not there, and was refused.
  const failed = { kind: 'blocked-identifier', id: identifier, verb: 'block', before: { blocked: false } };
  await ask(world, 'POST', '/v1/blocklist_identifiers', { identifier });
  const again = run({ ledger: [{ ...failed, outcome: 'failed' }] });
  await again.run(blockIdentifiers, { identifiers: [identifier] });
  expect([...again.results.values()].map(({ outcome }) => outcome)).toEqual(['already']);
});

test.for<[string, JsonObject]>([
  ['answers are lost after the effect', fault('POST', '/v1/blocklist_identifiers', { kind: 'drop-answer' })],
  ['half of the answers are lost', fault('POST', '/v1/blocklist_identifiers', { kind: 'drop-answer', rate: 0.5 })],
  [
    'half of the calls are refused with 429',
    fault('POST', '/v1/blocklist_identifiers', { kind: 'rate-limit', rate: 0.5 }),
  ],
  ['a third of the calls fails with 500', fault('POST', '/v1/blocklist_identifiers', { kind: 'error', rate: 0.3 })],
])('blocks and unblocks as its own although %s', async ([, broken]) => {
  const { world, run } = await start([broken]);
  expect(await run().run(blockIdentifiers, { identifiers: LIST })).toMatchObject({ blocked: 3, alreadyBlocked: 0 });
  expect(await run().run(unblockIdentifiers, { identifiers: LIST })).toMatchObject({ unblocked: 3, failed: [] });
  expect(await blocked(world)).toEqual([]);
});

test('a deletion whose answer was lost is settled by reading', async () => {
  const { world, run } = await start([fault('DELETE', '/v1/blocklist_identifiers/*', { kind: 'drop-answer' })]);
  await run().run(blockIdentifiers, { identifiers: LIST });
  expect(await run().run(unblockIdentifiers, { identifiers: LIST })).toMatchObject({ unblocked: 3 });
  expect(await blocked(world)).toEqual([]);
});

test('a plan without a blocklist (402) fails for good, at the first read', async () => {
  const { run } = await start([], { planRefuses: ['blocklist'] });
  const attempt = run().run(blockIdentifiers, { identifiers: LIST });
  await expect(attempt).rejects.toThrow(/GET \/blocklist_identifiers answered 402/);
  await expect(attempt).rejects.toBeInstanceOf(PermanentFailure);
});

test('protects the instance, leaves what is not given, and records the exact way back', async () => {
  const { world, run } = await start();
  await ask(world, 'PATCH', '/v1/instance/protect', { specter_enabled: true });
  const protecting = run();
  expect(await protecting.run(protectInstance, { rules: true })).toEqual({ rules: true, specter: true, changed: true });
  expect(await run().run(protectInstance, { rules: true })).toEqual({ rules: true, specter: true, changed: false });
  expect([...protecting.results.values()]).toMatchObject([
    { before: { rules_enabled: false, specter_enabled: true }, after: { rules_enabled: true }, outcome: 'done' },
  ]);
});

test('restricts the instance and answers all that holds; without the earlier values it says that there is no way back', async () => {
  const { run } = await start();
  const restricting = run();
  expect(await restricting.run(restrictInstance, { set: { blocklist: true } })).toEqual({
    now: {
      allowlist: false,
      blocklist: true,
      listsSkipSignIn: false,
      blockEmailSubaddresses: false,
      blockDisposableEmail: false,
    },
    isUndoable: false,
  });
  expect(restricting.logs.join()).toContain('the earlier value of blocklist is not stated');
  const input = { set: { blocklist: false }, earlier: { blocklist: true, allowlist: false } };
  expect(await run().run(restrictInstance, input)).toMatchObject({ now: { blocklist: false }, isUndoable: true });
});

test('what the operator says of the earlier value never keeps the request back', async () => {
  const { world, run } = await start();
  await run().run(restrictInstance, { set: { blocklist: true }, earlier: { blocklist: true } });
  expect((await ask(world, 'PATCH', '/v1/instance/restrictions', {})).body).toMatchObject({ blocklist: true });
});

test('a plan that refuses restrictions (402) fails for good; one whose answers are lost leaves it unknown', async () => {
  const refused = (await start([], { planRefuses: ['restrictions'] })).run();
  await expect(refused.run(restrictInstance, { set: { allowlist: true } })).rejects.toBeInstanceOf(PermanentFailure);
  const lost = (await start([fault('PATCH', '/v1/instance/restrictions', { kind: 'drop-answer' })])).run();
  await expect(lost.run(restrictInstance, { set: { allowlist: true } })).rejects.toThrow(/got no usable answer/);
  expect([...lost.results.values()].map(({ outcome }) => outcome)).toEqual(['unknown']);
});

test('the webhook dashboard has a temporary address, or says that webhooks are not set up; the app is never deleted', async () => {
  const { world } = await start();
  expect((await ask(world, 'POST', '/v1/webhooks/svix_url')).body).toMatchObject({ svix_url: expect.any(String) });
  expect((await ask(world, 'DELETE', '/v1/webhooks/svix')).status).toBe(501);
  const { world: bare } = await start([], { svixApp: false });
  const answer = await ask(bare, 'POST', '/v1/webhooks/svix_url');
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ errors: [{ code: 'svix_app_missing' }] });
});
