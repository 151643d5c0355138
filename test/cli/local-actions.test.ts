// Actions of a project's own, loaded by the built command line: TypeScript as it is written, no build, nothing installed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Place } from './cli.ts';

const place = new Place();
afterAll(() => place.remove());

const action = (name: string, more: { before?: string; run?: string } = {}): string => `
import { defineAction } from 'runbook/action';
${more.before ?? ''}
export default defineAction({
  name: '${name}', title: 'Of our own', effect: 'read', idempotent: true,
  input: { type: 'object', properties: { city: { type: 'string' as const } }, additionalProperties: false },
  output: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  async run(input) { ${more.run ?? "return { city: input.city ?? 'none' };"} },
});
`;
const playbook = (uses: string, name = 'local'): string => `apiVersion: runbook/v1
name: ${name}
title: Local
category: data
severity: P3
steps:
  - id: act
    title: Act
    uses: ${uses}
`;

beforeAll(() => {
  place.write('runbook.config.yaml', 'playbooks: [books]\n');
  place.write(
    'actions/city/tell.ts',
    action('city.tell', { before: "import { HELP } from './help.ts'; console.log(HELP);" }),
  );
  place.write('actions/city/help.ts', "export const HELP: string = 'city.tell was loaded';");
  place.write('actions/city/leave.ts', action('city.leave', { before: "console.log('city.leave was loaded');" }));
  place.write('books/local.yaml', playbook('city.tell'));
});

describe('a project’s own actions', () => {
  it('are loaded where a playbook uses them, and only those, without a word of Node’s', async () => {
    const { exitCode, stdout, stderr } = await place.runbook('validate', 'local');
    expect(stderr).toBe('');
    expect(stdout).toContain('city.tell was loaded');
    expect(stdout).not.toContain('city.leave was loaded');
    expect(exitCode).toBe(0);
  });

  it('are listed with their file, and explained from what they declare', async () => {
    const { stdout, exitCode } = await place.runbook('actions');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^city\.tell +read +Of our own +actions\/city\/tell\.ts$/m);
    expect(stdout).toMatch(/^clerk\.ban-users +destructive +Ban users +built-in$/m);
    const shown = await place.runbook('actions', 'show', 'city.tell');
    expect(shown.stdout).toContain('city?: text');
    const json = await place.runbook('actions', 'show', 'clerk.ban-users', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: 'clerk.ban-users',
      from: 'built-in',
      secrets: ['CLERK_SECRET_KEY'],
    });
  });

  it('are near to what was misspelt', async () => {
    place.write('books/misspelt.yaml', playbook('city.tel', 'misspelt'));
    expect((await place.runbook('validate', 'misspelt')).stdout).toContain('did you mean `city.tell`?');
    const { exitCode, stderr } = await place.runbook('actions', 'show', 'city.tel');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Did you mean city.tell?');
  });

  it('win over built-in ones of their name, and that is said', async () => {
    const own = new Place();
    own.write('runbook.config.yaml', '');
    own.write('actions/clerk/status.ts', action('clerk.status'));
    own.write('playbooks/local.yaml', playbook('clerk.status'));
    const { stderr, exitCode } = await own.runbook('validate', 'local');
    expect(stderr).toContain('actions/clerk/status.ts takes the place of the built-in action clerk.status');
    expect(exitCode).toBe(0);
    own.remove();
  });

  it('belong to a project: outside one, no file is run', async () => {
    const outside = new Place();
    outside.write('actions/a/b.ts', 'console.log("run")');
    outside.write('playbooks/local.yaml', playbook('a.b'));
    const { stdout } = await outside.runbook('validate', 'local');
    expect(stdout).toContain('E_PLAYBOOK_UNKNOWN_ACTION');
    expect(stdout).not.toContain('run\n');
    outside.remove();
  });
});

describe('an action that cannot be used', () => {
  it.each([
    ['enum.ts', 'enum A { B }\nexport default A;', 'E_ACTION_LOAD', 'no enums'],
    ['syntax.ts', 'export default {;', 'E_ACTION_LOAD', 'where: actions/bad/syntax.ts:1'],
    [
      'throws.ts',
      "export default 1;\nthrow new Error('no config');",
      'E_ACTION_LOAD',
      'actions/bad/throws.ts cannot be loaded: no config',
    ],
    ['missing.ts', "import x from './gone.ts'; export default x;", 'E_ACTION_LOAD', 'with their extension'],
    ['plain.ts', 'export default 5;', 'E_ACTION_INVALID', 'actions/bad/plain.ts is not a valid action'],
    ['shape.ts', "export default { name: 'Bad', run: 1 };", 'E_ACTION_INVALID', '`run` must be a function'],
    [
      'schema.ts',
      action('bad.schema').replaceAll("'object'", "'objekt'"),
      'E_ACTION_INVALID',
      '`input` is not a valid JSON Schema',
    ],
  ])('is named with the reason: %s', async (file, text, code, words) => {
    const bad = new Place();
    bad.write('runbook.config.yaml', '');
    bad.write(`actions/bad/${file}`, text);
    const { exitCode, stdout, stderr } = await bad.runbook('actions');
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).toContain(words);
    // What can be used is listed all the same.
    expect(stdout).toContain('clerk.status');
    expect(exitCode).toBe(2);
    bad.remove();
  });

  it('is refused where two files define it, both named', async () => {
    const twice = new Place();
    twice.write('runbook.config.yaml', '');
    twice.write('actions/a/one.ts', action('a.b'));
    twice.write('actions/a/two.ts', action('a.b'));
    twice.write('playbooks/local.yaml', playbook('a.b'));
    const { exitCode, stdout } = await twice.runbook('validate', 'local');
    expect(stdout).toContain('Two files define the action a.b: actions/a/one.ts and actions/a/two.ts');
    expect(exitCode).toBe(2);
    twice.remove();
  });
});

describe('an action that passes by the gate', () => {
  const bypassing = new Place();
  afterAll(() => bypassing.remove());
  beforeAll(() => {
    bypassing.write(
      'actions/a/socket.ts',
      action('a.socket', { before: "import { post } from '../../lib/post.ts'; console.log(post);" }),
    );
    bypassing.write('lib/post.ts', "import { request } from 'node:https';\nexport const post: unknown = request;");
    bypassing.write('actions/a/later.ts', action('a.later', { run: "await import('undici'); return { city: '' };" }));
    bypassing.write(
      'actions/a/typed.ts',
      action('a.typed', { before: "import type { Socket } from 'node:net'; export type S = Socket;" }),
    );
  });

  it('is warned about, through what it imports of the project too, before it runs', async () => {
    bypassing.write('runbook.config.yaml', '');
    const { stderr, stdout, exitCode } = await bypassing.runbook('actions');
    expect(stderr).toContain('warning lib/post.ts imports node:https, which passes by');
    expect(stderr).toContain('warning actions/a/later.ts imports undici, which passes by');
    expect(stderr).not.toContain('typed');
    expect(stderr.match(/warning/g)).toHaveLength(2);
    expect(stdout).toContain('a.socket');
    expect(exitCode).toBe(0);
  });

  it('is refused under strictActions, before anything of it runs', async () => {
    bypassing.write('runbook.config.yaml', 'strictActions: true');
    const { stderr, stdout, exitCode } = await bypassing.runbook('actions');
    expect(stderr).toContain('error lib/post.ts imports node:https, which passes by the change ledger');
    expect(stderr).toContain('error actions/a/later.ts imports undici');
    expect(stderr.match(/\[E_ACTION_STRICT\]/g)).toHaveLength(2);
    expect(stdout).not.toContain('a.socket');
    expect(stdout).not.toContain('[Function');
    expect(stdout).toContain('a.typed');
    expect(exitCode).toBe(2);
  });

  it('is refused under strictActions where it shows only while the action runs', async () => {
    const sly = new Place();
    sly.write('runbook.config.yaml', 'strictActions: true');
    const run = "const name = ['node', 'net'].join(':'); await import(name); return { city: '' };";
    sly.write('actions/a/sly.ts', action('a.sly', { run }));
    sly.write('playbooks/local.yaml', playbook('a.sly'));
    const { exitCode, stdout } = await sly.runbook('run', 'local');
    expect(stdout).toContain('actions/a/sly.ts imports node:net');
    expect(exitCode).toBe(1);
    sly.remove();
  });
});

describe('from the unbuilt sources', () => {
  it('a project’s action is loaded too, with the digest of its file', async () => {
    const text = action('city.tell');
    const own = new Place();
    own.write('runbook.config.yaml', '');
    own.write('actions/city/tell.ts', text);
    const engine = new URL('../../engine/', import.meta.url).href;
    const script = `
      const { createApp } = await import('${engine}cli/app.ts');
      const { createCompiler } = await import('${engine}cli/playbooks/compiler.ts');
      const { createRedactor } = await import('${engine}redact.ts');
      const compiler = createCompiler(await createApp({}, createRedactor()));
      await compiler.load(['city.tell']);
      const result = await compiler.actions.get('city.tell').run({ city: 'Ulm' }, {});
      const names = ['city.tell', 'clerk.ban-users', 'wait', 'no.such'];
      console.log(JSON.stringify({ result, digests: names.map((name) => compiler.actionDigest(name)) }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: own.folder,
    });
    const digest = (source: string): string => createHash('sha256').update(source).digest('hex');
    expect(JSON.parse(stdout)).toEqual({
      result: { city: 'Ulm' },
      digests: [
        digest(text),
        digest(readFileSync(new URL('../../actions/clerk/ban-users.ts', import.meta.url), 'utf8')),
        expect.stringMatching(/^[0-9a-f]{64}$/),
        null,
      ],
    });
    own.remove();
  });
});
