// What tests of the notify family share: whole runs behind the real gate and ledger, with the engine's own templates.
import { afterEach, beforeEach } from 'vitest';
import type { Action } from '../../../engine/action.ts';
import { findProject } from '../../../engine/cli/project/project.ts';
import { templateFiles } from '../../../engine/cli/project/template-files.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { installGate } from '../../../engine/run/gate.ts';
import type { People } from '../../../engine/run/people.ts';
import { nobody } from '../../../engine/run/people.ts';
import type { Change } from '../../../engine/run/state.ts';
import { openWorld, playbook, type Started, type StartOptions, type World } from '../../run/harness.ts';

const project = await findProject('/', {}, async () => ({ playbooks: [], actions: [] }));
export const ownTemplates = templateFiles({ cwd: '/', project });

export interface Notify {
  /** Runs one step with this `with`, as YAML would hold it. */
  run(fields: JsonObject, options?: StartOptions): Promise<Started>;
  world(): World;
}

/** Of one action, for the tests of a file. */
export function notifying(action: Action, more = ''): Notify {
  let world: World;
  let uninstall: () => void;
  beforeEach(async () => {
    uninstall = installGate();
    world = await openWorld(action);
  });
  afterEach(async () => {
    uninstall();
    await world.close();
  });
  return {
    world: () => world,
    run: (fields, options = {}) =>
      world.start(stepOf(action, fields, more), {
        ...options,
        engine: { templateSource: ownTemplates, ...options.engine },
      }),
  };
}

export function stepOf(action: Action, fields: JsonObject, more = ''): string {
  return playbook(`  - id: tell
    title: Tell
    uses: ${action.name}
    retry: { attempts: 3, delay: 1ms }
    with: ${JSON.stringify(fields)}
${more}`);
}

export function changesOf({ state }: Started): readonly Change[] {
  return [...(state.changes.get('tell')?.values() ?? [])];
}

export function outcomesOf(started: Started): readonly (readonly [string, string])[] {
  return changesOf(started).map(({ id, outcome }) => [id, outcome]);
}

export function outputOf({ state }: Started): unknown {
  const output = state.steps.get('tell')?.output;
  return output !== undefined && output !== null && 'value' in output ? output.value : output;
}

/** One who looked into what became of a message. */
export function person(kind: 'done' | 'repeat' | 'skip'): People {
  return { ...nobody, doubt: async () => ({ kind, actor: 'person:ana', reason: 'looked into the channel' }) };
}

/** The whole journal as text: nothing secret may stand in it. */
export async function journalText(world: World, runId: string): Promise<string> {
  return JSON.stringify(await world.events(runId));
}
