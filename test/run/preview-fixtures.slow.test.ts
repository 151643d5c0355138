// Plans of the playbooks that use every feature of the language: each can be planned, and planning does nothing.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../engine/json.ts';
import { resolveInputs } from '../../engine/playbook/inputs.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';
import { createRunningActions } from '../fixtures/playbooks/running-actions.ts';
import { byPath, compiled, dryRun } from './preview/dry-run.ts';

interface Given {
  readonly given?: { readonly [name: string]: Json };
  readonly env?: { readonly [name: string]: string };
  readonly answers?: { readonly [path: string]: JsonObject };
  readonly contacts?: JsonObject;
  readonly secret?: string;
  readonly failures?: { readonly [path: string]: string };
  readonly steps?: { readonly [path: string]: string | null };
}

const folder = new URL('../fixtures/playbooks/valid/', import.meta.url);
const texts = Object.fromEntries(
  readdirSync(folder).map((file) => [file.replace('.yaml', ''), readFileSync(new URL(file, folder), 'utf8')]),
);

/** What a plan says of a step that ended so. */
const VERDICTS: { readonly [end: string]: RegExp } = {
  done: /runs|asks|open/,
  skipped: /skipped|unreached/,
  null: /skipped|unreached/,
};

test.each(Object.entries(texts))('%s can be planned, and planning it changes nothing', async (_name, text) => {
  const { actions, switches } = createRunningActions();
  const before = new Map(switches);
  const header = text.split('\n').filter((line) => line.startsWith('#|'));
  const given: Given = parse(header.map((line) => line.slice(3)).join('\n')) ?? {};
  const options = { actions: [...fixtureActions.values(), ...actions], calls: texts };
  const people: People = {
    ...nobody,
    manual: async ({ path, check }) => {
      const fields = given.answers?.[path];
      if (fields === undefined) return { kind: 'later' };
      expect(check(fields)).not.toHaveProperty('problems');
      return { kind: 'answered', actor: 'person:ana', fields };
    },
  };
  const plan = compiled(text, options);
  const { secrets } = plan.requires;
  const { inputs } = resolveInputs(plan, given.given ?? {});
  const result = await dryRun(text, {
    ...options,
    inputs,
    people,
    env: { ...Object.fromEntries(secrets.map((name) => [name, 'kept-to-itself-9'])), ...given.env },
    contacts: given.contacts ?? {},
  });
  const steps = byPath(result);
  const failed = [...steps.values()].filter(({ verdict }) => verdict === 'fails');
  // What fails does so by the word of an action or of the playbook, and is known to fail in the run too.
  for (const { path, why } of failed)
    expect([path, why]).toEqual([path, expect.not.stringMatching(/E_EXPRESSION|E_INTERNAL/)]);
  const isOutOfTime = failed.some(({ why }) => why?.includes('E_STEP_TIMEOUT'));
  for (const [path, end] of Object.entries(given.steps ?? {})) {
    const step = steps.get(path);
    // How long things take, and what that cuts short, no plan tells.
    if (step === undefined || step.isMaybe || isOutOfTime) continue;
    // A person decided otherwise after it failed.
    if (given.failures?.[path] !== undefined) expect([path, step.verdict]).toEqual([path, 'fails']);
    else if (end !== 'failed')
      expect([path, step.verdict]).toEqual([path, expect.stringMatching(VERDICTS[end ?? 'null'] ?? /^$/)]);
  }
  expect(new Map(switches)).toEqual(before);
  expect(JSON.stringify(result)).not.toContain('kept-to-itself-9');
});
