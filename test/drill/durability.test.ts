import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { startWorld } from '../../engine/drill/world.ts';
import { ask, liveSessionIds, must, scenarioWith, startTestWorld, temporaryFile } from './helpers.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SCENARIO = resolve(ROOT, 'playbooks/drills/breach-response.yaml');

interface Ready {
  readonly apiUrl: string;
  readonly secretKey: string;
  readonly isResumed: boolean;
  readonly ground: { readonly compromised: readonly string[] };
}
interface Served {
  readonly child: ChildProcess;
  readonly ready: Ready;
}

/** The world as a process of its own, straight from its source. */
async function serve(stateFile: string, args: readonly string[] = ['--scenario', SCENARIO]): Promise<Served> {
  const child = spawn(process.execPath, [resolve(ROOT, 'engine/drill/serve.ts'), '--state', stateFile, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: must(child.stdout) });
  const [line] = (await once(lines, 'line')) as [string];
  return { child, ready: JSON.parse(line) as Ready };
}

async function kill({ child }: Served, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exit) as [number | null];
  return code;
}

const post = (ready: Ready, path: string, body?: object) =>
  fetch(`${ready.apiUrl}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${ready.secretKey}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const stateOf = async (ready: Ready) => (await fetch(`${ready.apiUrl}/__world/state`)).json();

test('a world whose process was killed comes back as it stood, on the same port, with the same key', async () => {
  const file = temporaryFile();
  const first = await serve(file);
  const { ready } = first;
  await post(ready, '/v1/users/ban', { user_ids: ready.ground.compromised.slice(0, 5) });
  await post(ready, `/v1/users/${must(ready.ground.compromised[6])}/lock`);
  const before = await stateOf(ready);
  await kill(first, 'SIGKILL');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const second = await serve(file, []);
  expect(second.ready).toMatchObject({ isResumed: true, apiUrl: ready.apiUrl, secretKey: ready.secretKey });
  expect(await stateOf(second.ready)).toEqual(before);
  expect(await kill(second, 'SIGTERM')).toBe(0);
});

test('whatever was answered before a kill in the midst of many changes has happened', async () => {
  const file = temporaryFile();
  const first = await serve(file);
  const { ready } = first;
  const answered = new Set<string>();
  const all = ready.ground.compromised.map(async (id) => {
    const response = await post(ready, `/v1/users/${id}/ban`);
    if (response.ok) answered.add(id);
    if (answered.size === 4) first.child.kill('SIGKILL');
  });
  await Promise.allSettled(all);
  if (first.child.exitCode === null && first.child.signalCode === null) await kill(first, 'SIGKILL');
  const world = await startTestWorld({ stateFile: file, scenario: undefined });
  const banned = new Set(
    world
      .facts()
      .concerned.filter((user) => user.banned)
      .map(({ id }) => id),
  );
  expect([...answered].filter((id) => !banned.has(id))).toEqual([]);
});

test('a torn last line is cut off and the world goes on from the line before', async () => {
  const stateFile = temporaryFile();
  const world = await startWorld({ scenario: scenarioWith(), stateFile });
  const user = must(world.facts().concerned.find(({ liveSessions }) => liveSessions > 0)).id;
  const [session] = await liveSessionIds(world, user);
  await ask(world, 'POST', `/v1/sessions/${must(session)}/revoke`);
  const before = world.facts();
  await world.stop();
  const intact = readFileSync(stateFile, 'utf8');
  appendFileSync(stateFile, '{"type":"users.ban","at":179');
  const resumed = await startTestWorld({ stateFile, scenario: undefined });
  expect(resumed.facts()).toEqual(before);
  await ask(resumed, 'POST', `/v1/users/${user}/ban`);
  const text = readFileSync(stateFile, 'utf8');
  expect(text.startsWith(intact)).toBe(true);
  expect(text.slice(intact.length)).toMatch(/^\{"type":"users\.ban".*\}\n$/);
});

test('a mutation stands in the file when its request is answered', async () => {
  const stateFile = temporaryFile();
  const world = await startTestWorld({ stateFile });
  const user = must(world.ground.decoys[0]);
  await ask(world, 'POST', `/v1/users/${user}/ban`);
  expect(readFileSync(stateFile, 'utf8').trimEnd().split('\n').at(-1)).toContain(user);
});

test('a file cut off within its header starts anew; one that is no world is refused', async () => {
  const stateFile = temporaryFile();
  writeFileSync(stateFile, '{"format":"runbook-wor');
  const world = await startTestWorld({ scenario: scenarioWith(), stateFile });
  expect(world.isResumed).toBe(false);
  const other = temporaryFile();
  writeFileSync(other, '{"some":"json"}\n');
  await expect(startWorld({ stateFile: other })).rejects.toMatchObject({ code: 'E_WORLD_FILE' });
});

test('a world is not started twice, nor resumed as another, nor made without a scenario', async () => {
  const stateFile = temporaryFile();
  await startTestWorld({ stateFile });
  await expect(startWorld({ stateFile })).rejects.toMatchObject({ code: 'E_WORLD_IN_USE' });
  await expect(startWorld({ stateFile, seed: 99 })).rejects.toMatchObject({ code: 'E_WORLD_MISMATCH' });
  await expect(startWorld({ stateFile: temporaryFile() })).rejects.toMatchObject({ code: 'E_WORLD_NO_SCENARIO' });
});

test('a world listens on loopback only', async () => {
  await expect(
    startWorld({ scenario: scenarioWith(), stateFile: temporaryFile(), host: '0.0.0.0' }),
  ).rejects.toMatchObject({
    code: 'E_DRILL_HOST',
  });
});
