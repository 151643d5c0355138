// A drill's world with keys of every kind, for the actions that revoke, rotate and check them.
import { onTestFinished } from 'vitest';
import { type Choices, parseScenario } from '../../../engine/drill/scenario.ts';
import { type DrillWorld, startWorld } from '../../../engine/drill/world.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { KEY_WORLD } from '../../drill/conformance/keys.ts';
import { temporaryFile } from '../../drill/helpers.ts';
import { FakeClock, type FakeOptions, type FakeRun, fakeRun } from '../fake-context.ts';

export interface KeyDrill {
  readonly world: DrillWorld;
  readonly clock: FakeClock;
  /** A run that has the world's secrets as they are now. */
  run(options?: FakeOptions): FakeRun;
}

export interface KeyDrillOptions {
  /** As a scenario writes them. */
  readonly faults?: readonly JsonObject[];
  readonly choices?: Partial<Choices>;
  readonly keys?: JsonObject;
}

export async function startKeyDrill({ faults = [], choices = {}, keys = {} }: KeyDrillOptions = {}): Promise<KeyDrill> {
  const parsed = parseScenario(
    JSON.stringify({
      apiVersion: 'runbook/v1',
      kind: 'Scenario',
      name: 'keys',
      title: 'Keys',
      playbook: 'none',
      seed: 11,
      alert: 'A key is in the wrong hands',
      faults,
      world: { users: 60, compromised: { count: 6 }, decoys: 1, keys: { ...KEY_WORLD, ...keys } },
    }),
    'keys.yaml',
  );
  const scenario = { ...parsed, world: { ...parsed.world, choices: { ...parsed.world.choices, ...choices } } };
  const clock = new FakeClock();
  const world = await startWorld({ scenario, stateFile: temporaryFile(), clock });
  onTestFinished(() => world.stop());
  return {
    world,
    clock,
    run: (options) => {
      const { CLERK_SECRET_KEY = '', CLERK_PLATFORM_TOKEN = '' } = world.env;
      return fakeRun({ secrets: { CLERK_SECRET_KEY, CLERK_PLATFORM_TOKEN }, env: world.env, ...options }, clock);
    },
  };
}

export function fault(method: string, path: string, more: JsonObject & { readonly kind: string }): JsonObject {
  return { match: { method, path }, ...more };
}
