// How much work a judgement is, counted and not timed; and what it finds among many sessions of one user.
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ClerkSession } from '../../../actions/clerk/api/sessions.ts';
import { type Criteria, judgeBy } from '../../../actions/clerk/findings/evidence.ts';

const NONE: Criteria = {
  countries: [],
  cities: [],
  ips: [],
  devices: [],
  badDevices: [],
  travelMinutes: undefined,
  impersonation: false,
};
const AT = Date.UTC(2026, 10, 24);
const MINUTE_MS = 60_000;

function session(id: string, country: string, lastActiveAt: number): ClerkSession {
  return {
    id,
    userId: 'user_a',
    status: 'active',
    createdAt: 1,
    lastActiveAt,
    country,
    city: undefined,
    ip: undefined,
    device: undefined,
    browser: undefined,
    actor: undefined,
  };
}

test('looks at each of a user’s many sessions a fixed number of times, and makes the table of countries once at most', async () => {
  let reads = 0;
  const counted = (id: string, country: string, at: number): ClerkSession =>
    Object.defineProperty(session(id, country, at), 'country', {
      get: () => {
        reads++;
        return country;
      },
    });
  const made = vi.spyOn(Intl, 'DisplayNames');
  onTestFinished(() => made.mockRestore());
  const { judge } = await judgeBy(NONE);
  const many = Array.from({ length: 3000 }, (_, index) => counted(`sess_${index}`, 'US', AT + index * 100));
  expect(judge(many).size).toBe(0);
  expect(reads).toBeLessThanOrEqual(many.length * 3);
  expect(made.mock.calls.length).toBeLessThanOrEqual(1);
});

test('compares a session with the nearest in another country, over all those in its own between them', async () => {
  const { judge } = await judgeBy({ ...NONE, travelMinutes: 10 });
  const reasons = judge([
    session('far', 'Norway', AT - 60 * MINUTE_MS),
    session('n1', 'Norway', AT),
    session('n2', 'NO', AT + 2 * MINUTE_MS),
    session('b1', 'Brazil', AT + 4 * MINUTE_MS),
    session('b2', 'BR', AT + 11 * MINUTE_MS),
    session('b3', 'Brazil', AT + 13 * MINUTE_MS),
    session('late', 'Norway', AT + 90 * MINUTE_MS),
  ]);
  expect(Object.fromEntries(reasons)).toEqual({
    n1: 'active in Norway and, in session b1, in Brazil within 4 minutes',
    n2: 'active in NO and, in session b1, in Brazil within 2 minutes',
    b1: 'active in Brazil and, in session n2, in NO within 2 minutes',
    b2: 'active in BR and, in session n2, in NO within 9 minutes',
  });
});
