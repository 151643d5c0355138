// People go on with their lives while responders work: they sign up, sign in, change and leave. What the world or an
// intruder does comes into a world by its file, as a timeline writes it.
import { appendFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createPopulation } from '../../engine/drill/population/population.ts';
import type { Choices } from '../../engine/drill/scenario.ts';
import type { Mutation } from '../../engine/drill/state/mutation.ts';
import { nextUserId } from '../../engine/drill/state/who.ts';
import { type DrillWorld, startWorld } from '../../engine/drill/world.ts';
import type { JsonObject } from '../../engine/json.ts';
import { ask, must, rows, STARTED_AT, scenarioWith, startTestWorld, temporaryFile, testClock } from './helpers.ts';

const AT = STARTED_AT + 60_000;
const world = 'world' as const;

interface Lived {
  readonly drill: DrillWorld;
  /** Ids of the first users to sign up. */
  readonly signUps: readonly string[];
}

/** A world in which this has happened since its start. */
async function afterwards(
  happened: (seeded: DrillWorld, signUps: readonly string[]) => readonly Mutation[],
  more: JsonObject = {},
): Promise<Lived> {
  const stateFile = temporaryFile();
  const scenario = scenarioWith(more);
  const seeded = await startWorld({ scenario, stateFile, clock: testClock() });
  const population = createPopulation({ seed: seeded.seed, startedAt: seeded.startedAt, world: scenario.world });
  const signUps = [0, 1].map((count) =>
    nextUserId({ population, signUps: Array.from({ length: count }, () => ({ createdAt: AT })) }),
  );
  const lines = happened(seeded, signUps).map((mutation) => `${JSON.stringify(mutation)}\n`);
  await seeded.stop();
  appendFileSync(stateFile, lines.join(''));
  return { drill: await startTestWorld({ stateFile, clock: testClock(AT + 60_000) }), signUps };
}

const idsOf = (list: readonly JsonObject[]) => list.map(({ id }) => id);

describe('a user who signs up during the drill', () => {
  const signUp = () =>
    afterwards(() => [
      { type: 'user.create', at: AT, by: world, firstName: 'Nadia', email: 'Nadia@new.example' },
      { type: 'user.create', at: AT, by: world },
    ]);

  test('is the newest of the list, counted, and read by id and by address', async () => {
    const { drill, signUps } = await signUp();
    const [first, second] = signUps;
    expect(idsOf(rows(await ask(drill, 'GET', '/v1/users?limit=2')))).toEqual([second, first]);
    expect((await ask(drill, 'GET', '/v1/users/count')).body).toMatchObject({ total_count: 42 });
    expect((await ask(drill, 'GET', `/v1/users/${first}`)).body).toMatchObject({
      first_name: 'Nadia',
      created_at: AT,
      last_sign_in_at: null,
      last_active_at: null,
      banned: false,
    });
    expect(idsOf(rows(await ask(drill, 'GET', '/v1/users?email_address=nadia@new.example')))).toEqual([first]);
    expect(idsOf(rows(await ask(drill, 'GET', `/v1/users?created_at_after=${AT}`)))).toEqual([second]);
    expect(idsOf(rows(await ask(drill, 'GET', `/v1/users?created_at_after=${AT - 1}`)))).toEqual([second, first]);
  });

  test('comes at the end of a walk that goes by creation', async () => {
    const { drill, signUps } = await signUp();
    const oldest = rows(await ask(drill, 'GET', '/v1/users?order_by=created_at&limit=40'));
    const rest = await ask(drill, 'GET', `/v1/users?order_by=created_at&starting_after=${must(oldest.at(-1)).id}`);
    expect(idsOf(rows(rest))).toEqual(signUps);
  });

  test('can be banned like any other, which is seen as collateral', async () => {
    const { drill, signUps } = await signUp();
    const banned = await ask(drill, 'POST', '/v1/users/ban', { user_ids: [must(signUps[0])] });
    expect(rows(banned)).toMatchObject([{ id: signUps[0], banned: true }]);
    expect(drill.facts().concerned.find(({ id }) => id === signUps[0])).toMatchObject({
      role: 'innocent',
      effects: [{ kind: 'banned' }],
    });
  });

  test('has no id before', async () => {
    const { drill, signUps } = await afterwards(() => []);
    expect((await ask(drill, 'GET', `/v1/users/${signUps[0]}`)).status).toBe(404);
  });
});

describe('a session that begins during the drill', () => {
  const victimOf = (seeded: DrillWorld, isBanned = false) =>
    must(seeded.facts().concerned.find(({ role, banned }) => role === 'compromised' && banned === isBanned)).id;
  const signIn = (user: string, from: 'attacker' | 'home', at = AT): Mutation => ({
    type: 'session.begin',
    at,
    by: from === 'attacker' ? 'attacker' : 'world',
    user,
    from,
    status: 'active',
  });

  test('is the first of the list, live, and moves when the user was last seen and signed in', async () => {
    let user = '';
    const { drill } = await afterwards((seeded) => {
      user = victimOf(seeded);
      return [signIn(user, 'attacker'), { ...signIn(user, 'home', AT + 1), actor: 'user_2support' }];
    });
    const [newest, before] = rows(await ask(drill, 'GET', `/v1/sessions?user_id=${user}&limit=500`));
    expect(newest).toMatchObject({ status: 'active', created_at: AT + 1, actor: { sub: 'user_2support' } });
    expect(before).toMatchObject({
      created_at: AT,
      actor: null,
      latest_activity: { browser_name: 'HeadlessChrome', ip_address: expect.stringMatching(/^198\.51\.100\./) },
    });
    expect((await ask(drill, 'GET', `/v1/sessions/${must(before).id}`)).body).toEqual(before);
    const facts = must(drill.facts().concerned.find(({ id }) => id === user));
    expect(facts.liveSessions).toBe(facts.liveSessionsAtStart + 2);
    expect((await ask(drill, 'GET', `/v1/users/${user}`)).body).toMatchObject({
      last_sign_in_at: AT + 1,
      last_active_at: Math.floor(AT / 86_400_000) * 86_400_000,
    });
  });

  test('gives tokens, is revoked by itself, and is ended by a ban', async () => {
    let user = '';
    const { drill } = await afterwards((seeded) => {
      user = victimOf(seeded);
      return [signIn(user, 'attacker'), signIn(user, 'attacker', AT + 1)];
    });
    const [first, second] = rows(await ask(drill, 'GET', `/v1/sessions?user_id=${user}&limit=2`));
    expect((await ask(drill, 'POST', `/v1/sessions/${must(first).id}/tokens`)).status).toBe(200);
    const revoked = await ask(drill, 'POST', `/v1/sessions/${must(first).id}/revoke`);
    expect(revoked.body).toMatchObject({ id: must(first).id, status: 'revoked' });
    expect((await ask(drill, 'POST', `/v1/sessions/${must(first).id}/tokens`)).status).toBe(404);
    await ask(drill, 'POST', `/v1/users/${user}/ban`);
    expect((await ask(drill, 'GET', `/v1/sessions/${must(second).id}`)).body).toMatchObject({ status: 'revoked' });
    expect(must(drill.facts().concerned.find(({ id }) => id === user)).liveSessions).toBe(0);
  });

  test('does not begin for who is banned or locked', async () => {
    let banned = '';
    let locked = '';
    const { drill } = await afterwards((seeded) => {
      banned = victimOf(seeded, true);
      locked = victimOf(seeded);
      return [
        signIn(banned, 'attacker'),
        { type: 'user.lock', at: AT, user: locked, seconds: null, endSessions: true },
        signIn(locked, 'attacker', AT + 1),
      ];
    });
    for (const user of [banned, locked]) {
      expect(must(drill.facts().concerned.find(({ id }) => id === user)).liveSessions).toBe(0);
    }
    expect(drill.facts().repeats).toEqual([]);
  });

  test('by a ban before it stays out, and after the ban is lifted it may begin again', async () => {
    let user = '';
    const { drill } = await afterwards((seeded) => {
      user = victimOf(seeded);
      return [
        { type: 'users.ban', at: AT, users: [user] },
        signIn(user, 'attacker', AT + 1),
        { type: 'users.unban', at: AT + 2, users: [user] },
        signIn(user, 'attacker', AT + 3),
      ];
    });
    const live = rows(await ask(drill, 'GET', `/v1/sessions?user_id=${user}&status=active`));
    expect(live.map(({ created_at }) => created_at)).toEqual([AT + 3]);
  });
});

test('a changed profile is shown, found and sorted by', async () => {
  let user = '';
  const { drill } = await afterwards((seeded) => {
    user = must(seeded.ground.decoys[0]);
    return [{ type: 'user.update', at: AT, by: world, user, firstName: 'Zzyzx' }];
  });
  expect((await ask(drill, 'GET', `/v1/users/${user}`)).body).toMatchObject({ first_name: 'Zzyzx', updated_at: AT });
  expect(idsOf(rows(await ask(drill, 'GET', '/v1/users?query=zzyzx')))).toEqual([user]);
  expect(idsOf(rows(await ask(drill, 'GET', '/v1/users?order_by=-first_name&limit=1')))).toEqual([user]);
  expect(idsOf(rows(await ask(drill, 'GET', '/v1/users?order_by=-updated_at&limit=1')))).toEqual([user]);
  expect(must(drill.facts().concerned.find(({ id }) => id === user)).effects).toEqual([]);
});

describe('a user who is deleted during the drill', () => {
  const withoutDecoy = async (choices: Partial<Choices> = {}) => {
    let gone = '';
    let before: readonly JsonObject[] = [];
    let sessions: readonly JsonObject[] = [];
    const stateFile = temporaryFile();
    const seeded = await startWorld({
      scenario: scenarioWith({ choices: { ...choices } }),
      stateFile,
      clock: testClock(),
    });
    gone = must(seeded.ground.decoys[0]);
    before = rows(await ask(seeded, 'GET', '/v1/users?limit=500'));
    sessions = rows(await ask(seeded, 'GET', `/v1/sessions?user_id=${gone}`));
    await seeded.stop();
    appendFileSync(stateFile, `${JSON.stringify({ type: 'user.delete', at: AT, by: 'world', user: gone })}\n`);
    const drill = await startTestWorld({ stateFile, clock: testClock(AT) });
    return { drill, gone, before, sessions };
  };

  test('answers 404, is in no list or count, and their sessions are gone with them', async () => {
    const { drill, gone, before, sessions } = await withoutDecoy();
    expect((await ask(drill, 'GET', `/v1/users/${gone}`)).status).toBe(404);
    expect((await ask(drill, 'POST', `/v1/users/${gone}/ban`)).status).toBe(404);
    const rest = before.filter(({ id }) => id !== gone);
    expect(idsOf(rows(await ask(drill, 'GET', '/v1/users?limit=500')))).toEqual(idsOf(rest));
    expect((await ask(drill, 'GET', '/v1/users/count')).body).toMatchObject({ total_count: 39 });
    expect(rows(await ask(drill, 'GET', `/v1/users?user_id=${gone}`))).toEqual([]);
    expect(rows(await ask(drill, 'GET', `/v1/sessions?user_id=${gone}`))).toEqual([]);
    expect((await ask(drill, 'GET', `/v1/sessions/${must(sessions[0]).id}`)).status).toBe(404);
    expect(must(drill.facts().concerned.find(({ id }) => id === gone)).liveSessions).toBe(0);
  });

  test('leaves pages by offset without a hole', async () => {
    const { drill, gone, before } = await withoutDecoy();
    const seen: unknown[] = [];
    for (let offset = 0; offset < 40; offset += 7) {
      seen.push(...idsOf(rows(await ask(drill, 'GET', `/v1/users?limit=7&offset=${offset}`))));
    }
    expect(seen).toEqual(idsOf(before.filter(({ id }) => id !== gone)));
  });

  test('is not banned by a bulk request, which leaves them out', async () => {
    const { drill, gone } = await withoutDecoy();
    expect(rows(await ask(drill, 'POST', '/v1/users/ban', { user_ids: [gone] }))).toEqual([]);
  });

  test.for<[Choices['deletedCursor'], number]>([
    ['refuse', 422],
    ['go-on', 200],
    ['empty', 200],
  ])('as a cursor is answered by the choice: %s', async ([deletedCursor, status]) => {
    const { drill, gone, before } = await withoutDecoy({ deletedCursor });
    const answer = await ask(drill, 'GET', `/v1/users?limit=500&starting_after=${gone}`);
    expect(answer.status).toBe(status);
    if (deletedCursor === 'empty') expect(rows(answer)).toEqual([]);
    if (deletedCursor === 'go-on') {
      const place = before.findIndex(({ id }) => id === gone);
      expect(idsOf(rows(answer))).toEqual(idsOf(before.slice(place + 1)));
    }
  });
});
