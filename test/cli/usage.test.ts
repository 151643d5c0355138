import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MANUAL_PLAYBOOK, Place } from './cli.ts';

const place = new Place();
afterAll(() => place.remove());

describe('the command line', () => {
  it('prints its version', async () => {
    expect(await place.runbook('--version')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it('keeps compiled code in the cache folder of the user alone, and starts where that cannot be written', async () => {
    const caches = join(place.folder, 'caches');
    const own = { NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: caches };
    expect((await place.start(['--version'], own).ended).exitCode).toBe(0);
    expect(readdirSync(join(caches, 'runbook'))).not.toEqual([]);
    place.write('a-file', '');
    const none = { NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: join(place.folder, 'a-file') };
    expect(await place.start(['--version'], none).ended).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('offers the command that was meant, and exits 2', async () => {
    const { exitCode, stderr } = await place.runbook('resum');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("error Unknown command 'resum' [E_USAGE]");
    expect(stderr).toContain('next:  Did you mean resume? runbook --help lists the commands');
  });

  it('offers the option that was meant, and exits 2', async () => {
    const { exitCode, stderr } = await place.runbook('run', 'breach-response', '--imput', 'a=b');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('[E_USAGE]');
    expect(stderr).toContain('Did you mean --input? runbook run --help shows how');
  });

  it('gives wrong usage as JSON too, and help as help', async () => {
    const { exitCode, stderr } = await place.runbook('skip', 'latest', 'look', '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'E_USAGE', hint: 'runbook skip --help shows how' } });
    expect(await place.runbook('skip', '--help')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('--reason'),
    });
  });

  it('says which playbook was meant', async () => {
    const { exitCode, stderr } = await place.runbook('show', 'breach-respone');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is no playbook breach-respone [E_PLAYBOOK_NOT_FOUND]');
    expect(stderr).toContain('next:  Did you mean breach-response?');
  });

  it('gives an error as JSON where JSON is asked for', async () => {
    place.write('by-hand.yaml', MANUAL_PLAYBOOK);
    await place.runbook('run', 'by-hand.yaml');
    await place.runbook('abort', '--reason', 'only a store was needed');
    const { exitCode, stderr } = await place.runbook('status', 'nope', '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'E_RUN_UNKNOWN', message: 'There is no run nope in this store', hint: 'runbook runs lists them' },
    });
  });

  it('shows a stack only when asked to', async () => {
    expect((await place.runbook('show', 'nope')).stderr).not.toMatch(/\n\s+at /);
    expect((await place.runbook('show', 'nope', '--debug')).stderr).toMatch(/\n\s+at /);
  });

  it('refuses a store it does not speak', async () => {
    const { exitCode, stderr } = await place.start(['runs'], { RUNBOOK_STORE: 'mysql://localhost/runs' }).ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain('mysql database, which this version does not speak');
  });

  it('makes no run that lacks a secret to start with', async () => {
    const { exitCode, stderr } = await place.runbook('run', 'breach-response');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('CLERK_SECRET_KEY is not set');
    expect(stderr).toContain('then run again');
    expect((await place.runbook('runs')).stdout).not.toContain('breach-response');
  });

  it('says what to type where nothing is unfinished', async () => {
    const { exitCode, stdout } = await place.runbook();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('No unfinished runs.');
  });

  it('says that a playbook is not UTF-8', async () => {
    writeFileSync(join(place.folder, 'latin.yaml'), Buffer.from('title: caf\xe9', 'latin1'));
    for (const command of ['show', 'run']) {
      const { exitCode, stderr } = await place.runbook(command, 'latin.yaml');
      expect(exitCode).toBe(2);
      expect(stderr).toContain('[E_PLAYBOOK_ENCODING]');
    }
    const { exitCode, stdout } = await place.runbook('validate', 'latin.yaml');
    expect(exitCode).toBe(2);
    expect(stdout).toContain('latin.yaml:1:1 error E_PLAYBOOK_ENCODING');
  });

  it('begins next commands with npx where npx started it', async () => {
    const started = (npm_command: string) => place.start(['runs', '--playbook', 'none'], { npm_command }).ended;
    expect((await started('exec')).stdout).toContain(' npx runbook drill rehearses');
    expect((await started('run')).stdout).toContain(' runbook drill rehearses');
  });

  it('lists the built-in playbooks, and shows one step by step', async () => {
    expect((await place.runbook('list')).stdout).toMatch(/^breach-response +P1 +security /m);
    const { exitCode, stdout } = await place.runbook('show', 'breach-response');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('approval by 1 security');
  });
});

describe('validate', () => {
  it('takes the built-in playbooks', async () => {
    expect(await place.runbook('validate')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('built-in/breach-response.yaml: valid'),
    });
  });

  it('finds every mistake with its line and column, and exits 2', async () => {
    place.write(
      'broken.yaml',
      `apiVersion: runbook/v1
name: broken
title: Broken
category: data
severity: P3
steps:
  - id: find
    title: Find
    uses: clerk.find-suspicious-sesions
  - id: probe
    title: Probe
    uses: http.probe
    with: { url: 5 }
  - id: again
    title: Again
    title: Twice
    manual: "\${{ steps.prob.status }}"
  - id: last
    title: Last
    when: 1 +
    manual: Do it
`,
    );
    const { exitCode, stdout } = await place.runbook('validate', 'broken.yaml');
    expect(exitCode).toBe(2);
    for (const line of [9, 13, 16, 17, 20]) expect(stdout).toMatch(new RegExp(`broken\\.yaml:${line}:\\d+ error`));
    const { stdout: json } = await place.runbook('validate', 'broken.yaml', '--json');
    expect(JSON.parse(json)).toMatchObject({ valid: false, files: [{ file: 'broken.yaml' }] });
  });
});
