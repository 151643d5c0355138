import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunEvent } from '../../engine/run/events.ts';
import { drill, type Ending, type Folder, makeFolder, readEnding } from './drill.ts';

const folders: Folder[] = [];
const folder = (): Folder => {
  const made = makeFolder();
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) made.remove();
});

let whole: Ending;
const undisturbed = folder();
let said = '';
beforeAll(async () => {
  const outcome = await drill(undisturbed, []);
  said = JSON.stringify(outcome);
  expect(outcome.stderr).toBe('');
  expect(outcome.exitCode).toBe(0);
  whole = await readEnding(undisturbed);
}, 120_000);

/** Kills the drill at the first event that fits, resumes it to its end, and returns what is left. */
async function killedAt(when: (event: RunEvent, seen: number) => boolean): Promise<Ending> {
  const made = folder();
  let seen = 0;
  const killed = await drill(made, [], (event) => {
    seen += 1;
    return when(event, seen);
  });
  expect(killed.signal, killed.stderr).toBe('SIGKILL');
  const resumed = await drill(made, ['resume', 'latest', '--yes', '--json']);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  return readEnding(made);
}

/** What the run says it sent, set against what the world was asked twice. */
function expectNothingRepeated(ending: Ending): void {
  const ends = ending.events
    .filter((event) => event.type === 'step.done' || event.type === 'step.skipped')
    .map((event) => event.step);
  expect(new Set(ends).size).toBe(ends.length);
  // A revoke asked for twice is allowed only where the kill came before its outcome was recorded: at most one for each
  // of the calls that were under way.
  expect(ending.world.repeats.length).toBeLessThanOrEqual(8);
  const settled = new Map<string, number>();
  for (const event of ending.events) {
    if (event.type !== 'change.settled') continue;
    for (const result of event.data.results) {
      if (result.outcome !== 'done') continue;
      const key = `${event.step} ${event.data.verb} ${result.id}`;
      settled.set(key, (settled.get(key) ?? 0) + 1);
    }
  }
  expect([...settled].filter(([, times]) => times > 1)).toEqual([]);
}

test('an undisturbed drill ends every compromised user’s sessions, bans them, and touches nobody else', () => {
  const compromised = whole.world.concerned.filter((user) => user.role === 'compromised');
  expect(compromised).toHaveLength(6);
  expect(compromised.filter((user) => user.liveSessionsAtStart >= 25)).toHaveLength(2);
  expect(compromised.every((user) => user.banned && user.liveSessions === 0)).toBe(true);
  const others = whole.world.concerned.filter((user) => user.role !== 'compromised');
  expect(others.flatMap((user) => user.effects)).toEqual([]);
  const before = compromised.find((user) => user.bannedAtStart);
  const bans = [...(whole.state.changes.get('contain/ban')?.values() ?? [])];
  expect(bans.filter((change) => change.outcome === 'already').map((change) => change.id)).toEqual([before?.id]);
});

test('the secret key of the instance stands in no byte of the store, the report or the output', () => {
  const { secretKey } = whole;
  expect(secretKey).toMatch(/^sk_live_/);
  const files = readdirSync(undisturbed.path, { recursive: true, encoding: 'utf8' })
    // The world's own file is the emulator's: it is Clerk, and must know its key.
    .filter((file) => !file.startsWith('drills') && statSync(join(undisturbed.path, file)).isFile());
  expect(files.some((file) => file.endsWith('.db'))).toBe(true);
  expect(files.some((file) => file.endsWith('.md'))).toBe(true);
  for (const form of [
    secretKey,
    secretKey.slice('sk_live_'.length),
    Buffer.from(secretKey).toString('base64').slice(0, 20),
  ]) {
    const holders = files.filter((file) => readFileSync(join(undisturbed.path, file)).includes(form));
    expect(holders).toEqual([]);
    expect(said.includes(form)).toBe(false);
  }
});

const boundaries = ['identify', 'confirm', 'contain/revoke', 'contain/ban', 'contain/watch', 'notify_users'];
for (const step of boundaries) {
  test(`killed right after ${step}, a resume ends in the same state`, { timeout: 120_000 }, async () => {
    const ending = await killedAt((event) => event.type === 'step.done' && event.step === step);
    expect(ending.comparable).toEqual(whole.comparable);
    expectNothingRepeated(ending);
  });
}

for (const nth of [1, 12, 30]) {
  test(`killed at outcome ${nth} of the bulk revoke, a resume counts the sessions of both attempts and repeats none recorded`, {
    timeout: 120_000,
  }, async () => {
    let outcomes = 0;
    const ending = await killedAt((event) => {
      if (event.type === 'change.settled' && event.step === 'contain/revoke') outcomes += 1;
      return outcomes >= nth;
    });
    expect(ending.comparable).toEqual(whole.comparable);
    expectNothingRepeated(ending);
    const attempts = ending.events.filter(
      (event) => event.type === 'attempt.started' && event.step === 'contain/revoke',
    );
    expect(attempts.map((event) => (event.type === 'attempt.started' ? event.data.attempt : 0))).toEqual([1, 1]);
  });
}

test('killed between an intent and its outcome, a resume takes the earlier state from the intent', {
  timeout: 120_000,
}, async () => {
  const ending = await killedAt((event) => event.type === 'change.intended' && event.step === 'contain/ban');
  expect(ending.comparable).toEqual(whole.comparable);
  const bans = [...(ending.state.changes.get('contain/ban')?.values() ?? [])].filter(
    (change) => change.outcome === 'done',
  );
  expect(bans.map((change) => change.before?.banned)).toEqual(Array(5).fill(false));
});
