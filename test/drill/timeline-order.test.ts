// What happens when several things happen: in which order, and to whom.
import { expect, test } from 'vitest';
import { ask, STARTED_AT, scenarioWith, startTestWorld } from './helpers.ts';

test('entries that are found due together happen in the order of their times, not of the list', async () => {
  let time = STARTED_AT;
  const clock = { now: () => time, sleep: () => new Promise<void>(() => undefined) };
  const timeline = [
    { at: '20s', do: [{ what: 'status.set', indicator: 'none' }] },
    { at: '10s', do: [{ what: 'status.set', indicator: 'major' }] },
  ];
  const world = await startTestWorld({ scenario: scenarioWith({}, { timeline }), clock });
  time += 30_000;
  const answer = await fetch(`${world.statusUrl}/api/v2/status.json`);
  expect(await answer.json()).toMatchObject({ status: { indicator: 'none' } });
});

test('a sandbox that lets somebody change three times does not always take the same one', async () => {
  const control = { token: 't', onReset: () => undefined };
  const world = await startTestWorld({ scenario: scenarioWith({ users: 4000 }), control });
  const changed = async (): Promise<string> => {
    const response = await fetch(`${world.apiUrl}/__world/attack`, {
      method: 'POST',
      headers: { Authorization: 'Bearer t' },
      body: '{"what":"users.update"}',
    });
    const { changes } = (await response.json()) as { readonly changes: readonly { readonly user: string }[] };
    return changes.map(({ user }) => user).join();
  };
  const users = [await changed(), await changed(), await changed()];
  expect(new Set(users).size).toBe(3);
  expect((await ask(world, 'GET', `/v1/users/${users[2]}`)).status).toBe(200);
});
