// References to secrets, resolved against real files and processes.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { learnSecrets } from '../../engine/cli/runs/learn-secrets.ts';
import type { Plan } from '../../engine/playbook/plan.ts';
import type { SecretReference } from '../../engine/project/secret-reference.ts';
import { createRedactor } from '../../engine/redact.ts';
import { createSecrets, type SecretsOptions } from '../../engine/run/secrets.ts';

const root = mkdtempSync(join(tmpdir(), 'runbook-secrets-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const VALUE = 'correct horse battery';
const command = (script: string): SecretReference => ({
  kind: 'command',
  command: [process.execPath, '-e', script],
});

function secretsOf(reference: SecretReference | null, more: Partial<SecretsOptions> = {}) {
  const learnt: string[] = [];
  const secrets = createSecrets({
    env: { KEY: 'from KEY', OTHER: 'from OTHER', PATH: process.env.PATH },
    root,
    references: new Map(reference === null ? [] : [['KEY', reference]]),
    onResolved: (_name, value) => learnt.push(value),
    ...more,
  });
  return { secrets, learnt };
}

describe('a secret', () => {
  it('is the variable of its own name where the config says nothing', async () => {
    const { secrets, learnt } = secretsOf(null);
    expect(await secrets.get('KEY')).toBe('from KEY');
    expect(learnt).toEqual(['from KEY']);
  });

  it('may be a variable of another name', async () => {
    expect(await secretsOf({ kind: 'env', name: 'OTHER' }).secrets.get('KEY')).toBe('from OTHER');
  });

  test.each([
    [`${VALUE}\n`, VALUE],
    [`${VALUE}\r\n`, VALUE],
    [`${VALUE}\n\n`, `${VALUE}\n`],
    [VALUE, VALUE],
  ])('of a file is its content without the last newline: %j', async (content, value) => {
    writeFileSync(join(root, 'key'), content);
    const { secrets, learnt } = secretsOf({ kind: 'file', path: 'key' });
    expect(await secrets.get('KEY')).toBe(value);
    expect(learnt).toEqual([value]);
  });

  it('is looked up each time it is used: a new key is taken at once', async () => {
    writeFileSync(join(root, 'rotated'), 'first');
    const { secrets } = secretsOf({ kind: 'file', path: 'rotated' });
    expect(await secrets.get('KEY')).toBe('first');
    writeFileSync(join(root, 'rotated'), 'second');
    expect(await secrets.get('KEY')).toBe('second');
  });

  it('of a command is what it prints, started in the project without a shell', async () => {
    const { secrets, learnt } = secretsOf({
      kind: 'command',
      command: [
        process.execPath,
        '-e',
        'console.log(process.argv[1], process.cwd(), process.env.OTHER)',
        '$(id) `id` *',
      ],
    });
    expect(await secrets.get('KEY')).toBe(`$(id) \`id\` * ${root} from OTHER`);
    expect(learnt).toHaveLength(1);
  });

  it('asked for at the same time runs its command once', async () => {
    const marks = join(root, 'marks');
    const { secrets } = secretsOf(
      command(`require('fs').appendFileSync(${JSON.stringify(marks)}, '.'); console.log(process.pid)`),
    );
    const [one, two] = await Promise.all([secrets.get('KEY'), secrets.get('KEY')]);
    expect(one).toBe(two);
    expect(await secrets.get('KEY')).not.toBe(one);
  });
});

describe('what cannot be had', () => {
  test.each<[string, SecretReference | null, string, RegExp, RegExp]>([
    ['a variable', null, 'E_SECRET_MISSING', /NONE is not set$/, /^Set the environment variable NONE, then resume$/],
    [
      'a variable of another name',
      { kind: 'env', name: 'GONE' },
      'E_SECRET_MISSING',
      /variable GONE$/,
      /variable GONE, then/,
    ],
    [
      'a file',
      { kind: 'file', path: 'none' },
      'E_SECRET_MISSING',
      /there is no file .*none$/,
      /file:none .*then resume$/,
    ],
    ['a file that is a folder', { kind: 'file', path: '.' }, 'E_SECRET_UNREADABLE', /cannot be read/, /readable/],
    [
      'a program',
      { kind: 'command', command: ['no-such-vault'] },
      'E_SECRET_UNREADABLE',
      /no such program/,
      /Type the command/,
    ],
    ['an answer', command(''), 'E_SECRET_MISSING', /printed nothing/, /Type the command/],
    [
      'a sign-in',
      command('console.error("not signed in"); process.exit(3)'),
      'E_SECRET_UNREADABLE',
      /exit code 3\nnot signed in$/,
      /sign in/,
    ],
    [
      'an end',
      command('console.log("x".repeat(70000))'),
      'E_SECRET_UNREADABLE',
      /more than 65536 bytes/,
      /Type the command/,
    ],
  ])('is said by its reference, with what to do: %s', async (_what, reference, code, message, hint) => {
    const references = new Map(reference === null ? [] : [['NONE', reference]]);
    const refused = secretsOf(null, { references }).secrets.get('NONE');
    await expect(refused).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it('does not wait for a command for ever', async () => {
    const { secrets } = secretsOf(command('setInterval(() => {}, 1000)'), { commandTimeoutMs: 300 });
    await expect(secrets.get('KEY')).rejects.toMatchObject({
      message: expect.stringContaining('took longer than 0.3 s'),
    });
  });

  it('says nothing of what a failing command printed, and redacts what it complained of', async () => {
    const redactor = createRedactor();
    redactor.add('VAULT', 'vault-password-1');
    const script = "console.log('half-a-' + 'secret'); console.error('bad vault-' + 'password-1'); process.exit(1)";
    const { secrets } = secretsOf(command(script), { redact: redactor.text });
    const error: unknown = await secrets.get('KEY').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringMatching(/\nbad \[redacted:VAULT\]$/) });
    expect(error).not.toHaveProperty('cause');
    expect(error).not.toMatchObject({ message: expect.stringContaining('half-a-secret') });
  });
});

describe('what is learnt before anybody types', () => {
  const planOf = (...secrets: string[]): Plan =>
    // Only what is asked of a plan here.
    ({ requires: { secrets, optionalSecrets: [], env: [] }, nodes: new Map() }) as unknown as Plan;

  it('are variables and files that the config names; no command is run for it', () => {
    writeFileSync(join(root, 'known'), 'from-a-file\n');
    const mark = join(root, 'was-run');
    const redactor = createRedactor();
    learnSecrets(redactor, planOf('A', 'B', 'C', 'D', 'E'), {
      actions: new Map(),
      envs: [{ A: 'own-variable', RENAMED: 'other-variable' }],
      root,
      references: new Map<string, SecretReference>([
        ['B', { kind: 'env', name: 'RENAMED' }],
        ['C', { kind: 'file', path: 'known' }],
        ['D', command(`require('fs').writeFileSync(${JSON.stringify(mark)}, '')`)],
        ['E', { kind: 'file', path: 'not-there' }],
      ]),
    });
    expect(redactor.text('own-variable other-variable from-a-file')).toBe('[redacted:A] [redacted:B] [redacted:C]');
    expect(existsSync(mark)).toBe(false);
  });
});
