// What tests of the services around Clerk share: worlds with an app, its facts, its table, the sender's API.
import { appendFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { onTestFinished, vi } from 'vitest';
import type { AppFacts } from '../../../engine/drill/services/facts.ts';
import type { Mutation } from '../../../engine/drill/state/mutation.ts';
import { type DrillWorld, type StartWorldOptions, startWorld } from '../../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../../engine/json.ts';
import { must, scenarioWith, startTestWorld } from '../helpers.ts';

export function startAppWorld(world: JsonObject, options: Partial<StartWorldOptions> = {}): Promise<DrillWorld> {
  return startTestWorld({ scenario: scenarioWith(world), ...options });
}

/** Stops the world, writes one more change into its file as if it had been killed right after it, and resumes. */
export async function resumeAfter(
  world: DrillWorld,
  mutation: Mutation,
  options: StartWorldOptions,
): Promise<DrillWorld> {
  await world.stop();
  appendFileSync(options.stateFile, `${JSON.stringify(mutation)}\n`);
  const resumed = await startWorld({ ...options, scenario: undefined });
  onTestFinished(() => resumed.stop());
  return resumed;
}

export function appOf(world: DrillWorld): AppFacts {
  return must(world.facts().app);
}

/** Resolves once the facts fulfil it; fails with what they say instead. */
export async function untilApp(world: DrillWorld, isSo: (facts: AppFacts) => boolean): Promise<AppFacts> {
  return vi.waitFor(
    () => {
      const facts = appOf(world);
      if (!isSo(facts)) throw new Error(`not yet: ${JSON.stringify(facts)}`);
      return facts;
    },
    { timeout: 5000, interval: 10 },
  );
}

export interface UserRow {
  readonly clerk_id: string;
  readonly email: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly updated_at: number;
  readonly deleted_at: number | null;
}

export function openDatabase(world: DrillWorld): Database.Database {
  const url = must(world.env.DATABASE_URL);
  const database = new Database(url.replace(/^sqlite:/, ''));
  onTestFinished(() => {
    database.close();
  });
  return database;
}

export function rowsOf(world: DrillWorld): readonly UserRow[] {
  return openDatabase(world).prepare<[], UserRow>('SELECT * FROM users ORDER BY clerk_id').all();
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: Json;
}

/** One request to an API with a bearer token. */
export async function call(
  base: string | undefined,
  token: string | undefined,
  [method, path, body]: readonly [string, string, (Json | undefined)?],
): Promise<ApiAnswer> {
  const response = await fetch(`${must(base)}${path}`, {
    method,
    headers: { Authorization: `Bearer ${must(token)}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as Json) };
}
