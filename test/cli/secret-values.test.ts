// A secret input and a secret field, each command a process of its own: the value is in nothing that it leaves or prints.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Place } from './cli.ts';

const TOKEN = 'tok-not-for-any-eye';
const KEY = 'key-typed-by-a-person';
const place = new Place();

beforeAll(() => {
  place.write('runbook.config.yaml', '');
  place.write('given.json', JSON.stringify({ token: TOKEN }));
  place.write('answers.yaml', `ask:\n  fields: { key: ${KEY} }\n`);
  place.write(
    'playbooks/rotate.yaml',
    `apiVersion: runbook/v1
name: rotate
title: Rotate a key
category: security
severity: P1
inputs:
  token: { type: string, secret: true, description: Of the bot }
steps:
  - id: ask
    title: Make a new key
    manual: Type the new key.
    fields:
      key: { type: string, secret: true }
  - id: use
    title: Use both
    uses: shell.run
    effect: read
    with:
      command: [sh, -c, 'echo "$TOKEN"; echo "$KEY" >&2; test "$TOKEN $KEY" = "$(cat expected)"']
      env: { TOKEN: "\${{ inputs.token }}", KEY: "\${{ steps.ask.output.key }}" }
`,
  );
  place.write('expected', `${TOKEN} ${KEY}\n`);
});
afterAll(() => place.remove());

/** Everything that lies in the runs' store, and in its log beside it. */
function stored(): string {
  const folder = join(place.folder, '.runbook');
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => path.includes('runs.db'))
    .map((path) => readFileSync(path, 'latin1'))
    .join('');
}

function expectHidden(...texts: readonly string[]): void {
  for (const text of [...texts, stored()]) {
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain(KEY);
  }
}

describe('a secret that a run is given', () => {
  it('is not taken from the command line, which all can read', async () => {
    const { exitCode, stderr } = await place.runbook('run', 'rotate', '--input', `token=${TOKEN}`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('E_INPUT_SECRET');
    expect(stderr).not.toContain(TOKEN);
  });

  it.each([['--plain'], ['--json']])(
    'reaches its action and is in nothing that is stored or printed: %s',
    async (how) => {
      const args = ['run', 'rotate', '--inputs', 'given.json', '--answers', 'answers.yaml', how];
      const { exitCode, stdout, stderr } = await place.runbook(...args);
      expect(`${exitCode} ${stderr}`).toBe('0 ');
      expectHidden(stdout);
      const shown = await Promise.all(
        [
          ['status', 'latest'],
          ['status', 'latest', '--json'],
          ['report', 'latest'],
        ].map((one) => place.runbook(...one)),
      );
      expectHidden(...shown.flatMap((one) => [one.stdout, one.stderr]));
    },
  );

  it('is waited for by a process that does not have it, and cannot be left for it by another', async () => {
    expect((await place.runbook('run', 'rotate', '--inputs', 'given.json')).exitCode).toBe(3);
    const refused = await place.runbook('done', 'latest', 'ask', '--field', `key=${KEY}`);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('E_FIELD_SECRET');
    const { exitCode, stdout } = await place.runbook('resume', 'latest', '--answers', 'answers.yaml');
    expect(exitCode).toBe(3);
    expect(stdout).toContain('the secret inputs.token');
    expectHidden(stdout, refused.stdout, refused.stderr);
  });
});
