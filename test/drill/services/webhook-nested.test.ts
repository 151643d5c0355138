// Several changes in one line of the world's file: what the sender makes of each, also when a kill came in between.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startWorld } from '../../../engine/drill/world.ts';
import { ask, liveSessionIds, must, scenarioWith, startTestWorld, temporaryFile } from '../helpers.ts';
import { appOf, resumeAfter, untilApp } from './app-world.ts';

const SENDER = { app: { table: {} }, services: { webhooks: {} } };

const linesOf = (file: string): readonly string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

/** Which messages there are, whatever the time at which they were made. */
function messagesIn(file: string): readonly (readonly unknown[])[] {
  return linesOf(file)
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'webhook.message')
    .map(({ id, event, body }) => [id, event, JSON.parse(body).data.id]);
}

test('two who sign up at once both reach the table', async () => {
  const scenario = scenarioWith(SENDER, { timeline: [{ at: '0s', do: [{ what: 'users.sign-up', count: 2 }] }] });
  const world = await startTestWorld({ scenario });
  await untilApp(world, ({ webhooks }) => webhooks.pending === 0 && webhooks.delivered === 2);
  expect(appOf(world).table).toEqual({ missing: 0, stale: 0, orphans: 0 });
});

test('two sign-ins of one user at once are told as two sessions', async () => {
  const stateFile = temporaryFile();
  const signIn = { what: 'attacker.sign-in', count: 1 };
  const timeline = [{ at: '0s', do: [signIn, signIn] }];
  await startTestWorld({ stateFile, scenario: scenarioWith(SENDER, { timeline }) });
  const sessions = messagesIn(stateFile).map(([, , session]) => session);
  expect(sessions).toHaveLength(2);
  expect(new Set(sessions).size).toBe(2);
});

test('a kill right after a line of several changes loses none of their messages', async () => {
  const stateFile = temporaryFile();
  const scenario = scenarioWith(SENDER);
  const world = await startWorld({ scenario, stateFile });
  const at = world.startedAt + 500;
  const mutations = world.ground.compromised
    .slice(0, 3)
    .map((user) => ({ type: 'user.update', at, by: 'world', user, lastName: 'New' }) as const);
  const line = { type: 'timeline.done', at, by: 'world', entry: null, mutations } as const;
  const resumed = await resumeAfter(world, line, { stateFile });
  await untilApp(resumed, ({ webhooks }) => webhooks.pending === 0 && webhooks.delivered === 3);
});

test('killed after any line, the world comes to the same messages', async () => {
  const stateFile = temporaryFile();
  const after = { what: 'session.revoke', count: 3 };
  const happenings = [
    { what: 'attacker.sign-in', count: 1 },
    { what: 'attacker.sign-in', count: 1 },
    { what: 'users.sign-up', count: 2 },
    { what: 'users.update', count: 2 },
  ];
  const scenario = scenarioWith({ services: { webhooks: {} } }, { timeline: [{ after, do: happenings }] });
  const world = await startWorld({ scenario, stateFile });
  const user = must(world.facts().concerned.find(({ liveSessions }) => liveSessions > 4)).id;
  for (const id of (await liveSessionIds(world, user)).slice(0, 3))
    await ask(world, 'POST', `/v1/sessions/${id}/revoke`);
  await untilApp(world, ({ webhooks }) => webhooks.pending === 0);
  await world.stop();
  const lines = linesOf(stateFile);
  const whole = messagesIn(stateFile);
  expect(whole).toHaveLength(9);
  const start = lines.findLastIndex((line) => line.startsWith('{"type":"session.revoke"'));
  expect(lines.length - start).toBeGreaterThan(9);
  for (let length = start + 1; length <= lines.length; length += 1) {
    const cut = temporaryFile();
    writeFileSync(cut, `${lines.slice(0, length).join('\n')}\n`);
    await (await startWorld({ stateFile: cut })).stop();
    expect(messagesIn(cut), `cut after line ${length}`).toEqual(whole);
    // Killed once more, and nothing is told twice.
    await (await startWorld({ stateFile: cut })).stop();
    expect(messagesIn(cut), `cut after line ${length}, again`).toEqual(whole);
  }
});
