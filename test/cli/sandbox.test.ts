// A world that stays up: what it prints can be exported, and only its owner changes it.
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Place } from './cli.ts';

const place = new Place();
afterAll(() => place.remove());

interface Started {
  readonly url: string;
  readonly token: string;
  readonly env: { readonly [name: string]: string };
}

function ask(
  { url, token }: Started,
  method: string,
  path: string,
  headers: { readonly [name: string]: string } = { Authorization: `Bearer ${token}` },
  body = '',
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const ARGS = ['sandbox', '--scenario', 'breach-response', '--state', 'world.jsonl', '--json'];

describe('a sandbox', () => {
  it('serves its world, takes faults and attacks, is reset, and ends with Ctrl-C', async () => {
    const running = place.start(ARGS);
    await running.until('"token"');
    const line =
      running
        .printed()
        .split('\n')
        .find((one) => one.startsWith('{')) ?? '';
    const started = JSON.parse(line) as Started;
    const key = { Authorization: `Bearer ${started.env.CLERK_SECRET_KEY}` };
    expect((await ask(started, 'GET', '/v1/users/count', key)).status).toBe(200);

    expect((await ask(started, 'GET', '/__world/state', {})).status).toBe(401);
    expect((await ask(started, 'POST', '/__world/reset', { Authorization: 'Bearer other' })).status).toBe(401);
    const page = { Authorization: `Bearer ${started.token}`, Origin: 'https://example.com' };
    expect((await ask(started, 'POST', '/__world/reset', page)).status).toBe(403);

    const attack = await place.runbook('sandbox', 'attack', 'sign-in', '--set', 'count=2', '--json');
    expect(JSON.parse(attack.stdout)).toMatchObject({ changes: [{ type: 'session.begin', from: 'attacker' }, {}] });
    const wrong = await place.runbook('sandbox', 'fault', 'error', '--set', 'status=12');
    expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('E_SANDBOX_REFUSED') });
    await place.runbook('sandbox', 'fault', 'error', '--set', 'status=502', '--set', 'path=/v1/users/count');
    expect((await ask(started, 'GET', '/v1/users/count', key)).status).toBe(502);
    await place.runbook('sandbox', 'reset');
    await expect
      .poll(async () => (await ask(started, 'GET', '/v1/users/count', key).catch(() => null))?.status)
      .toBe(200);

    running.kill('SIGINT');
    expect((await running.ended).exitCode).toBe(0);
    expect(await place.runbook('sandbox', 'state')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('E_SANDBOX_NONE'),
    });
  }, 120_000);

  it('goes on with a world that it left, and prints variables that a shell takes as they are', async () => {
    const running = place.start(['sandbox', '--state', join(place.folder, 'world.jsonl')]);
    await running.until('CLERK_SECRET_KEY');
    running.kill('SIGINT');
    const { stdout, stderr } = await running.ended;
    expect(stderr).toContain('Goes on: breach-response');
    expect(stdout).toMatch(/^export CLERK_SECRET_KEY='sk_live_\w+'$/m);
    expect(stdout).toMatch(/^export CLERK_JWT_KEY='-----BEGIN PUBLIC KEY-----\n/m);
  }, 60_000);
});
