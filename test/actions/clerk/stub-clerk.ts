// A Clerk that answers whatever a test says, for answers that the drill's emulator never gives.
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Json } from '../../../engine/json.ts';
import { FakeClock, type FakeOptions, type FakeRun, fakeRun } from '../fake-context.ts';
import { SECRET_KEY } from './setup.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export type Answer = readonly [status: number, body: Json];

export interface StubClerk {
  readonly asked: readonly Asked[];
  run(options?: FakeOptions): FakeRun;
}

export async function startStub(answer: (asked: Asked) => Answer | 'lost'): Promise<StubClerk> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stub');
    const one = { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams };
    asked.push(one);
    request.resume().on('end', () => {
      const given = answer(one);
      if (given === 'lost') return void request.socket.destroy();
      response.writeHead(given[0], { 'content-type': 'application/json' }).end(JSON.stringify(given[1]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stub has no port');
  const env = { CLERK_API_URL: `http://127.0.0.1:${address.port}` };
  const clock = new FakeClock();
  return {
    asked,
    run: (options) => fakeRun({ secrets: { CLERK_SECRET_KEY: SECRET_KEY }, env, ...options }, clock),
  };
}

export function refusal(status: number, code: string): Answer {
  return [status, { errors: [{ code, message: code }] }];
}
