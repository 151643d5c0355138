import { expect, test } from 'vitest';
import type { UserFacts, WorldFacts } from '../../engine/drill/inspect.ts';
import { loadScenario } from '../../engine/drill/scenario.ts';
import { type RunFacts, renderScore, scoreDrill } from '../../engine/drill/score.ts';
import { ask, STARTED_AT, scenarioWith, startTestWorld, testClock } from './helpers.ts';

const SUCCESS = { passMark: 80, containWithinSeconds: 900, restoreWithinSeconds: 1800, maxMissed: 0, maxCollateral: 0 };
const RUN: RunFacts = {
  startedAt: STARTED_AT,
  endedAt: STARTED_AT + 600_000,
  outcome: 'done',
  steps: 20,
  stepsSkipped: [],
  stepsNotReached: [],
  failedSteps: [],
};

function user(id: string, rest: Partial<UserFacts> = {}): UserFacts {
  return {
    id,
    role: 'compromised',
    bannedAtStart: false,
    banned: true,
    locked: false,
    passwordCompromised: false,
    liveSessionsAtStart: 2,
    liveSessions: 0,
    lastSessionEndedAt: STARTED_AT + 60_000,
    effects: [{ at: STARTED_AT + 60_000, kind: 'banned' }],
    ...rest,
  };
}
function worldOf(...concerned: UserFacts[]): WorldFacts {
  return { worldId: 'w', scenario: 'test', seed: 1, startedAt: STARTED_AT, users: 40, concerned, repeats: [] };
}
const missedUser = user('user_missed', { banned: false, liveSessions: 2, lastSessionEndedAt: null, effects: [] });
const touchedDecoy = user('user_decoy', {
  role: 'decoy',
  effects: [
    { at: 1, kind: 'banned' },
    { at: 1, kind: 'sessions-ended', sessions: 3 },
  ],
});

test('a clean containment scores 100 and tells when the last session ended', () => {
  const score = scoreDrill(worldOf(user('a'), user('b', { lastSessionEndedAt: STARTED_AT + 90_000 })), RUN, SUCCESS);
  expect(score).toMatchObject({
    points: 100,
    passed: true,
    timeToContainMs: 90_000,
    missed: [],
    collateral: [],
    deductions: [],
  });
  expect(score.stillInEffect).toEqual([
    { user: 'a', what: 'ban' },
    { user: 'b', what: 'ban' },
  ]);
});

test('a compromised user left alone is missed, costs points with the user as evidence, and fails the drill', () => {
  const score = scoreDrill(worldOf(user('a'), missedUser), RUN, SUCCESS);
  expect(score).toMatchObject({ passed: false, containedAt: null, timeToContainMs: null });
  expect(score.missed).toEqual([{ user: 'user_missed', liveSessions: 2, banned: false, canSignIn: true }]);
  expect(score.deductions.flatMap(({ evidence }) => evidence)).toEqual([
    'user_missed: 2 live',
    'user_missed: not banned',
  ]);
});

test('a user banned before and without live sessions counts as contained, and its ban is not ours', () => {
  const before = user('b', { bannedAtStart: true, liveSessionsAtStart: 0, lastSessionEndedAt: null, effects: [] });
  const score = scoreDrill(worldOf(user('a'), before), RUN, SUCCESS);
  expect(score).toMatchObject({ points: 100, timeToContainMs: 60_000 });
  expect(score.stillInEffect).toEqual([{ user: 'a', what: 'ban' }]);
});

test('an innocent user who was touched is collateral, even if it was undone', () => {
  const undone = user('user_other', {
    role: 'innocent',
    banned: false,
    effects: [
      { at: 1, kind: 'banned' },
      { at: 2, kind: 'unbanned' },
    ],
  });
  const score = scoreDrill(worldOf(user('a'), touchedDecoy, undone), RUN, SUCCESS);
  expect(score).toMatchObject({ points: 80, passed: false });
  expect(score.collateral.map(({ user: id }) => id)).toEqual(['user_decoy', 'user_other']);
  expect(score.deductions[0]?.evidence).toEqual([
    'user_decoy (travelling): banned, sessions-ended (3)',
    'user_other: banned, unbanned',
  ]);
});

test('slowness, skipped and failed steps and a claim made too early each cost points of their own', () => {
  const run = { ...RUN, containedAt: STARTED_AT + 1000, stepsSkipped: ['notify_users'], failedSteps: ['watch'] };
  const score = scoreDrill(worldOf(user('a', { lastSessionEndedAt: STARTED_AT + 1_000_000 })), run, SUCCESS);
  expect(score.deductions.map(({ reason, points }) => `${points} ${reason}`)).toEqual([
    '15 Contained after 16 min 40 s, later than 15 min 0 s',
    '5 Called contained before it was',
    '3 1 step skipped',
    '5 1 step failed',
  ]);
  expect(score).toMatchObject({ points: 72, passed: false });
});

test('a run that was aborted does not pass, and each step that it never came to costs points', () => {
  const aborted = { ...RUN, outcome: 'aborted', stepsNotReached: ['watch'] } as const;
  const score = scoreDrill(worldOf(user('a')), aborted, SUCCESS);
  expect(score).toMatchObject({ points: 97, passed: false, outcome: 'aborted' });
  expect(score.deductions).toMatchObject([
    { topic: 'unreached', reason: '1 step never reached: the run was aborted', evidence: ['watch'] },
  ]);
  expect(renderScore(score)).toContain('Score: 97 of 100, not passed: the run was aborted (pass mark 80)');
  expect(scoreDrill(worldOf(user('a')), { ...RUN, outcome: 'aborted' }, SUCCESS).passed).toBe(false);
});

test.each(['slow-api', 'cold-keys'])('whoever skips all that %s asks for does not pass', async (name) => {
  const world = await startTestWorld({ scenario: loadScenario(`playbooks/drills/${name}.yaml`) });
  const skipped = ['read', 'measure', 'document'];
  expect(world.score({ ...RUN, steps: 3 })).toMatchObject({ points: 100, passed: true });
  expect(world.score({ ...RUN, steps: 3, stepsSkipped: skipped })).toMatchObject({ points: 40, passed: false });
});

test('a scenario may allow some misses', () => {
  const lenient = { ...SUCCESS, passMark: 20, maxMissed: 1 };
  expect(scoreDrill(worldOf(user('a'), missedUser), RUN, lenient).passed).toBe(true);
});

test('the rendered score names each deduction and its evidence', () => {
  const text = renderScore(scoreDrill(worldOf(user('a'), missedUser, touchedDecoy), RUN, SUCCESS));
  expect(text).toContain('not passed (pass mark 80)');
  expect(text).toContain('Contained:       never');
  expect(text).toContain('1 of 2 compromised users still have live sessions\n        user_missed: 2 live');
});

test('a real world scores by its own record: doing nothing fails, banning the compromised passes', async () => {
  const clock = testClock();
  const world = await startTestWorld({ clock, scenario: scenarioWith() });
  expect(world.score(RUN)).toMatchObject({ passed: false, compromised: 4 });
  clock.advance(120_000);
  await ask(world, 'POST', '/v1/users/ban', { user_ids: [...world.ground.compromised] });
  expect(world.score(RUN)).toMatchObject({
    points: 100,
    passed: true,
    timeToContainMs: 120_000,
    missed: [],
    collateral: [],
  });
  expect(world.score(RUN).stillInEffect).toHaveLength(3);
});
