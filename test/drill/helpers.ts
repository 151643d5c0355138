// Worlds for tests: a small scenario with overrides, a clock that tests move, and plain HTTP with the world's key.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DrillClock } from '../../engine/drill/clock.ts';
import { parseScenario, type Scenario } from '../../engine/drill/scenario.ts';
import { type DrillWorld, type StartWorldOptions, startWorld } from '../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../engine/json.ts';

export const STARTED_AT = Date.UTC(2026, 4, 12, 3, 0, 0);

/** A scenario of 40 users, 4 of them compromised, with parts of `world` and other top-level fields replaced. */
export function scenarioWith(world: JsonObject = {}, rest: JsonObject = {}): Scenario {
  const value = {
    apiVersion: 'runbook/v1',
    kind: 'Scenario',
    name: 'test',
    title: 'Test',
    playbook: 'breach-response',
    seed: 7,
    alert: 'Something is wrong.',
    world: {
      users: 40,
      compromised: { count: 4, bannedBefore: 1, manySessions: { users: 1, sessions: 27 }, pendingSessions: 1 },
      decoys: 1,
      ...world,
    },
    ...rest,
  };
  return parseScenario(JSON.stringify(value), 'test.yaml');
}

export interface TestClock extends DrillClock {
  advance(ms: number): void;
  /** What was slept, in order. */
  readonly slept: readonly number[];
}

/** Stands still until moved; a sleep moves it at once. */
export function testClock(start = STARTED_AT): TestClock {
  let time = start;
  const slept: number[] = [];
  return {
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
    sleep: async (ms) => {
      slept.push(ms);
      time += ms;
    },
    slept,
  };
}

/** A path in a folder of its own, which goes when the test ends. */
export function temporaryFile(name = 'world.ndjson'): string {
  const folder = mkdtempSync(join(tmpdir(), 'runbook-drill-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

/** A world that stops when the test ends. */
export async function startTestWorld(options: Partial<StartWorldOptions> = {}): Promise<DrillWorld> {
  const { stateFile = temporaryFile() } = options;
  // A world that exists keeps the scenario it was made with.
  const scenario = existsSync(stateFile) ? undefined : scenarioWith();
  const world = await startWorld({ scenario, ...options, stateFile });
  onTestFinished(() => world.stop());
  return world;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** One request with the world's key. `path` starts with /v1. */
export async function ask(
  world: DrillWorld,
  method: string,
  path: string,
  body?: Json,
  key = world.secretKey,
): Promise<Answer> {
  const response = await fetch(`${world.apiUrl}${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : (JSON.parse(text) as Json) };
}

/** The answer's rows, for operations that answer a list. */
export function rows(answer: Answer): readonly JsonObject[] {
  if (!Array.isArray(answer.body)) throw new Error(`not a list: ${JSON.stringify(answer.body)}`);
  return answer.body as readonly JsonObject[];
}

export function must<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('expected a value');
  return value;
}

/** Ids of a user's sessions that are live, read to the end. */
export async function liveSessionIds(world: DrillWorld, user: string): Promise<readonly string[]> {
  const all = rows(await ask(world, 'GET', `/v1/sessions?user_id=${user}&limit=500`));
  return all.filter(({ status }) => status === 'active' || status === 'pending').map(({ id }) => String(id));
}
