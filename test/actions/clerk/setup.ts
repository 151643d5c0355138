import { afterEach } from 'vitest';
import { FakeClock, type FakeOptions, type FakeRun, fakeRun } from '../fake-context.ts';
import { ClerkServer } from './clerk-server.ts';

export const SECRET_KEY = 'sk_live_0123456789abcdefghijklmnop';

export interface World {
  readonly clerk: ClerkServer;
  readonly clock: FakeClock;
  run(options?: FakeOptions): FakeRun;
}

const running: ClerkServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

/** A Clerk of its own for one test. The limiter is kept by URL, so a new port is a new limiter. */
export async function startClerk(secretKey = SECRET_KEY): Promise<World> {
  const clock = new FakeClock();
  const clerk = new ClerkServer(clock);
  running.push(clerk);
  const url = await clerk.start();
  return {
    clerk,
    clock,
    run: (options) =>
      fakeRun({ secrets: { CLERK_SECRET_KEY: secretKey }, env: { CLERK_API_URL: url }, ...options }, clock),
  };
}
