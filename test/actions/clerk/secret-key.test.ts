import { expect, test } from 'vitest';
import checkKey from '../../../actions/clerk/check-key.ts';
import rotateSecretKey from '../../../actions/clerk/rotate-secret-key.ts';
import tokenLifetimes from '../../../actions/clerk/token-lifetimes.ts';
import { Paused } from '../../../engine/action.ts';
import { must } from '../../drill/helpers.ts';
import { fault, startKeyDrill } from './key-drill.ts';

const ROTATE = '/v1/platform/**';

test('rotates the key, gives the new one, and proves that the old one is dead', async () => {
  const { world, run } = await startKeyDrill();
  const application = must(world.env.CLERK_APPLICATION_ID);
  const old = world.secretKey;
  await expect(run().run(checkKey, { old })).rejects.toThrow('Clerk still accepts the old key');
  const rotated = await run().run(rotateSecretKey, { application, instance: 'production' });
  expect(rotated).toMatchObject({ applicationId: application, environment: 'production', secretKey: world.secretKey });
  const instance = String(rotated.instanceId);
  expect(await run().run(checkKey, { old, current: world.secretKey, instance })).toEqual({
    holds: true,
    old: 'refused',
    current: 'accepted',
    instance: { id: instance, environment: 'production' },
  });
});

test('a delayed rotation leaves the old key accepted, and says until when', async () => {
  const { world, clock, run } = await startKeyDrill();
  const old = world.secretKey;
  const input = { application: must(world.env.CLERK_APPLICATION_ID), instance: 'production', delayHours: 3 };
  const rotated = await run().run(rotateSecretKey, input);
  expect(rotated.oldKeysUntil).toBe(new Date(clock.nowMs + 3 * 3_600_000).toISOString());
  expect(await run().run(checkKey, { old, mustHold: false })).toMatchObject({ holds: false, old: 'accepted' });
  clock.nowMs += 3 * 3_600_000;
  expect(await run().run(checkKey, { old })).toMatchObject({ holds: true, old: 'refused' });
});

test.for(['drop-answer', 'error', 'reset'] as const)(
  'a rotation whose answer is lost (%s) is sent once, and never again by itself',
  async (kind) => {
    const { world, run } = await startKeyDrill({ faults: [fault('POST', ROTATE, { kind, count: 1 })] });
    const input = { application: must(world.env.CLERK_APPLICATION_ID), instance: 'production' };
    const one = run();
    await expect(one.run(rotateSecretKey, input)).rejects.toThrow(/look at the dashboard's API keys/);
    expect([...one.results.values()]).toMatchObject([{ outcome: 'unknown', verb: 'rotate' }]);
    const again = run({ ledger: [...one.results.values()] }).run(rotateSecretKey, input);
    await expect(again).rejects.toBeInstanceOf(Paused);
    expect(world.changeRequests().filter(({ path }) => path.endsWith('rotate_secret_keys'))).toHaveLength(1);
  },
);

test('a 429 is waited out: it is known to have rotated nothing', async () => {
  const { world, run } = await startKeyDrill({ faults: [fault('POST', ROTATE, { kind: 'rate-limit', count: 2 })] });
  const input = { application: must(world.env.CLERK_APPLICATION_ID), instance: 'production' };
  expect(await run().run(rotateSecretKey, input)).toMatchObject({ secretKey: world.secretKey });
});

test('an attempt after one that rotated the key and lost its answer says how to go on, and rotates nothing', async () => {
  const { world, run } = await startKeyDrill();
  const input = { application: must(world.env.CLERK_APPLICATION_ID), instance: 'production' };
  const one = run();
  await one.run(rotateSecretKey, input);
  const current = world.secretKey;
  const again = run({ ledger: [...one.results.values()] }).run(rotateSecretKey, input);
  await expect(again).rejects.toThrow(/rotated by an earlier attempt.*end this step by hand/);
  expect(world.secretKey).toBe(current);
});

test.for([
  ['without a platform token', { hasPlatformAccess: false }, {}, /no CLERK_PLATFORM_TOKEN.*Rotate it by hand/],
  ['for another application', {}, { application: 'app_none' }, /404 resource_not_found.*Rotate it by hand/],
  ['for another instance', {}, { instance: 'development' }, /404 resource_not_found.*Rotate it by hand/],
] as const)('says how to do it by hand %s', async ([, keys, more, message]) => {
  const { world, run } = await startKeyDrill({ keys });
  const before = world.secretKey;
  const input = { application: must(world.env.CLERK_APPLICATION_ID), instance: 'production', ...more };
  await expect(run().run(rotateSecretKey, input)).rejects.toThrow(message);
  expect(world.secretKey).toBe(before);
});

test('a plan names the key and rotates nothing', async () => {
  const { world, run } = await startKeyDrill();
  const application = must(world.env.CLERK_APPLICATION_ID);
  const one = run({ planning: true });
  await one.run(rotateSecretKey, { application, instance: 'production' });
  expect([...one.results.values()]).toMatchObject([
    { kind: 'instance-secret-key', id: `${application}/production`, outcome: 'planned' },
  ]);
  expect(world.changeRequests()).toEqual([]);
});

test.for([
  ['a server error', fault('GET', '/v1/instance', { kind: 'error', status: 503 })],
  ['a cut connection', fault('GET', '/v1/instance', { kind: 'reset' })],
  ['a 403', fault('GET', '/v1/instance', { kind: 'error', status: 403 })],
] as const)('%s is never taken for a refused key', async ([, one]) => {
  const { world, run } = await startKeyDrill({ faults: [one] });
  const old = `${world.secretKey.slice(0, -3)}zzz`;
  await expect(run().run(checkKey, { old, mustHold: false })).rejects.toThrow(/GET \/instance \(the old key\)/);
});

test('the current key must be accepted, and be of the right instance', async () => {
  const { world, run } = await startKeyDrill();
  const wrong = `${world.secretKey.slice(0, -3)}zzz`;
  await expect(run().run(checkKey, { current: wrong })).rejects.toThrow('Clerk refuses the current key');
  const elsewhere = run().run(checkKey, { current: world.secretKey, instance: 'ins_other' });
  await expect(elsewhere).rejects.toThrow(/belongs to ins_\w+ \(production\), not to ins_other/);
  await expect(run().run(checkKey, { old: wrong, current: wrong })).rejects.toThrow(/same key/);
  await expect(run().run(checkKey, {})).rejects.toThrow(/Give `old`/);
});

test('no message holds a key', async () => {
  const { world, run } = await startKeyDrill({ faults: [fault('GET', '/v1/instance', { kind: 'error' })] });
  const failure = await run()
    .run(checkKey, { old: world.secretKey })
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain(world.secretKey.slice(8));
});

test('says how long tokens still verify, the longest first', async () => {
  const { run } = await startKeyDrill();
  const output = await run().run(tokenLifetimes, { endedAt: '2026-11-24T03:00:00Z' });
  expect(output).toMatchObject({
    sessionSeconds: 60,
    longestSeconds: 2_592_000,
    until: '2026-12-24T03:00:05.000Z',
    templates: [
      { name: 'legacy', lifetimeSeconds: 2_592_000 },
      { name: 'edge', lifetimeSeconds: 300 },
    ],
  });
  expect(output.text).toMatch(
    /about 1 minute from a session, 30 days from template legacy, 5 minutes from template edge/,
  );
});

test('without templates a session token is the longest', async () => {
  const { run } = await startKeyDrill({ keys: { jwtTemplates: [] } });
  expect(await run().run(tokenLifetimes, {})).toMatchObject({ longestSeconds: 60, templates: [] });
});
