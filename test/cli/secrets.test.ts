// What people type is kept and shown without the secrets of the run's playbook, each word in a process of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, Place } from './cli.ts';

const KEY = 'correct-horse-battery';
const place = new Place();
const runbook = (...args: readonly string[]): Promise<Outcome> => place.start(args, { MY_KEY: KEY }).ended;

beforeAll(async () => {
  place.write('runbook.config.yaml', '');
  place.write(
    'playbooks/rotate.yaml',
    `apiVersion: runbook/v1
name: rotate
title: Rotate a key
category: security
severity: P1
symptoms: [A key has leaked]
inputs:
  limit: { type: integer, default: 1 }
  reason: { type: string, default: none }
requires: { secrets: [MY_KEY] }
steps:
  - id: look
    title: Look at it
    manual: Look at it.
    fields:
      count: { type: integer }
      seen: { type: string }
  - id: rotate
    title: Rotate
    manual: Rotate the key.
    approval: { by: 1 }
`,
  );
  expect((await runbook('run', 'rotate', '--input', `reason=${KEY} has leaked`)).exitCode).toBe(3);
});
afterAll(() => place.remove());

/** Everything that lies in the run's store, and in its log beside it. */
function stored(): string {
  const folder = join(place.folder, '.runbook');
  return readdirSync(folder)
    .filter((name) => name.startsWith('runs.db'))
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('');
}

describe('a named secret that a person types', () => {
  it.each([
    ['a note', ['note', 'latest', `the key is ${KEY}`]],
    ['an answer', ['done', 'latest', 'look', '--field', 'count=1', '--field', `seen=${KEY}`, '--note', KEY]],
    ['a decision', ['skip', 'latest', 'rotate', '--reason', `${KEY} was rotated`]],
    ['a name', ['note', 'latest', 'Hello', '--as', KEY]],
  ])('is not stored with %s', async (_what, args) => {
    // Every answer but the first is spoken to a run that has gone on to the next step.
    if (args[0] === 'skip') await runbook('resume');
    const { stdout } = await runbook(...args, '--json');
    expect(stdout).not.toContain(KEY);
    expect(stdout).toContain('[redacted:MY_KEY]');
    expect(stored()).not.toContain(KEY);
  });

  it('is not printed in the message that refuses it', async () => {
    await runbook('run', 'rotate');
    const { exitCode, stderr } = await runbook('done', 'latest', 'look', '--field', `count=${KEY}`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('[redacted:MY_KEY]');
    expect(stderr).not.toContain(KEY);
    const unknown = await runbook('done', 'latest', KEY);
    expect(unknown.stderr).toContain('[redacted:MY_KEY]');
    expect(unknown.stderr).not.toContain(KEY);
  });

  it('is not printed where it is no input either', async () => {
    const { exitCode, stderr } = await runbook('run', 'rotate', '--input', `limit=${KEY}`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('[redacted:MY_KEY]');
    expect(stderr).not.toContain(KEY);
  });
});
