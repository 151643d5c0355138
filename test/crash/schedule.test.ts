// Drills killed again and again by a seeded schedule, at journal writes and a moment after them, and resumed until they end.
// RUNBOOK_KILLS and RUNBOOK_SEED make it longer or another one: npm run crash -- --seed N --kills N.
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { RunEvent } from '../../engine/run/events.ts';
import { picker } from '../run/core-model.ts';
import { drill, type Ending, type Folder, makeFolder, readEnding } from './drill.ts';

const SEED = Number(process.env.RUNBOOK_SEED ?? 20_261_124);
const KILLS = Number(process.env.RUNBOOK_KILLS ?? 150);
const MOST_KILLS_OF_ONE_RUN = 60;

const path = (name: string): string => fileURLToPath(new URL(`../fixtures/drills/${name}`, import.meta.url));
const SUBJECTS = [
  ['drill', path('everything.yaml'), '--scenario', path('everything-scenario.yaml'), '--yes', '--json'],
  ['drill', '--scenario', path('containment.yaml'), '--yes', '--json'],
] as const;

const folders: Folder[] = [];
afterAll(() => {
  for (const folder of folders) folder.remove();
});
function folder(): Folder {
  const made = makeFolder();
  folders.push(made);
  return made;
}

async function undisturbed(command: readonly string[]): Promise<Ending> {
  const made = folder();
  const outcome = await drill(made, command);
  expect(outcome.exitCode, outcome.stderr).toBe(0);
  return readEnding(made);
}

/** What the journal acknowledged by printing it, and what it holds at the end. */
function expectNothingLost(seen: ReadonlyMap<number, string>, ending: Ending): void {
  for (const event of ending.events) {
    const hash = seen.get(event.seq);
    if (hash !== undefined) expect(event.hash, `event ${event.seq}`).toBe(hash);
  }
  const last = Math.max(...seen.keys());
  expect(ending.events.length).toBeGreaterThanOrEqual(last);
}

/** No effect recorded as done was recorded, or sent, again. */
function expectNothingSentAgain(ending: Ending): void {
  const settled = new Map<string, number>();
  for (const event of ending.events) {
    if (event.type !== 'change.settled') continue;
    for (const { id, outcome } of event.data.results)
      if (outcome === 'done') {
        const key = `${event.step} ${event.data.verb} ${id}`;
        settled.set(key, (settled.get(key) ?? 0) + 1);
      }
  }
  expect([...settled].filter(([, times]) => times > 1)).toEqual([]);
}

test(
  `${KILLS} kills by the schedule of seed ${SEED}: every run ends as if nothing had happened`,
  async () => {
    const chance = picker(SEED);
    const whole = new Map<number, Ending>();
    let kills = 0;
    let terms = 0;
    let runs = 0;
    while (kills < KILLS) {
      const index = runs % SUBJECTS.length;
      const command = SUBJECTS[index] ?? SUBJECTS[0];
      const expected = whole.get(index) ?? (await undisturbed(command));
      whole.set(index, expected);
      runs += 1;
      const made = folder();
      const seen = new Map<number, string>();
      let args: readonly string[] = command;
      for (let ofThis = 0; ; ofThis += 1) {
        const isLast = ofThis >= MOST_KILLS_OF_ONE_RUN || kills >= KILLS;
        const at = isLast ? Number.POSITIVE_INFINITY : 1 + Math.floor(chance() ** 2 * 12);
        const delayMs = chance() < 0.5 ? 0 : Math.floor(chance() * 12);
        let count = 0;
        const note = (event: RunEvent): boolean => {
          seen.set(event.seq, event.hash);
          count += 1;
          return count >= at;
        };
        const signal = chance() < 0.15 ? 'SIGTERM' : 'SIGKILL';
        const outcome = await drill(made, args, note, { delayMs, signal });
        // Asked to end, it pauses at the next safe point: 130.
        if (outcome.signal !== 'SIGKILL' && outcome.exitCode !== 130) {
          expect(outcome.exitCode, outcome.stderr).toBe(0);
          break;
        }
        kills += 1;
        terms += outcome.exitCode === 130 ? 1 : 0;
        // Killed before the run was made, there is nothing to go on with.
        if (seen.size > 0) args = ['resume', 'latest', '--yes', '--json'];
      }
      const ending = await readEnding(made);
      expect(ending.comparable).toEqual(expected.comparable);
      expectNothingLost(seen, ending);
      expectNothingSentAgain(ending);
    }
    console.log(
      `crash harness, seed ${SEED}: ${kills} kill points (${terms} by SIGTERM), ${kills} resumes of ${runs} runs, losses: 0`,
    );
  },
  Math.max(1_200_000, KILLS * 10_000),
);
