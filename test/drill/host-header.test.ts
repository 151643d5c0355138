// A web page may let its own name point at this machine (DNS rebinding). Its browser then says that name.
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { startTestWorld } from './helpers.ts';

function statusFor(base: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const headers = { Host: host.replace('PORT', port) };
    const outgoing = request({ host: hostname, port, path: '/__world/state', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test.each([
  ['127.0.0.1:PORT', 200],
  ['localhost:PORT', 200],
  ['[::1]:PORT', 200],
  ['LOCALHOST', 200],
  ['clerk.drill.localhost:PORT', 200],
  ['evil.example:PORT', 421],
  ['localhost.evil.example', 421],
  ['127.0.0.1.evil.example:PORT', 421],
  ['evillocalhost', 421],
])('a request for %s is answered %i', async (host, status) => {
  const world = await startTestWorld();
  expect(await statusFor(world.apiUrl, host)).toBe(status);
});

test('the servers around Clerk refuse such names too', async () => {
  const world = await startTestWorld();
  expect(await statusFor(world.statusUrl, 'evil.example:PORT')).toBe(421);
  expect(await statusFor(world.appUrl, 'evil.example:PORT')).toBe(421);
});
