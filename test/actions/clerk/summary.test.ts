import { expect, test } from 'vitest';
import { summarize } from '../../../actions/clerk/findings/summary.ts';

const session = (user: string, ip: string) => ({
  id: `sess_${ip}`,
  user,
  status: 'active',
  country: 'IS',
  city: 'Reykjavik',
  ip,
  lastActiveAt: '2026-11-24T03:04:05.000Z',
  reason: 'country IS is not expected',
});

test('an account is one line with its sessions, places, last activity and reason', () => {
  expect(summarize(['user_a', 'user_b'], [session('user_a', '198.51.100.1'), session('user_a', '198.51.100.2')])).toBe(
    `- user_a: 2 sessions; Reykjavik IS 198.51.100.1, Reykjavik IS 198.51.100.2; last active 2026-11-24T03:04Z; country IS is not expected
- user_b: named; no session of it is open`,
  );
});

test('more accounts than a screen bears are counted, not left out in silence', () => {
  const users = Array.from({ length: 55 }, (_, index) => `user_${index}`);
  const lines = summarize(users, []).split('\n');
  expect(lines).toHaveLength(41);
  expect(lines.at(-1)).toBe('- and 15 more');
});
