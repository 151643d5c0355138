// Where runs are kept, as commands see it that only look.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MANUAL_PLAYBOOK, Place } from './cli.ts';

const place = new Place();
afterAll(() => place.remove());
const at = (file: string, ...args: readonly string[]) => place.start(args, { RUNBOOK_STORE: file }).ended;

const READING: readonly (readonly string[])[] = [
  ['status'],
  ['report'],
  ['note', 'latest', 'hello'],
  ['done', 'latest', 'look'],
  ['approve', 'latest'],
  ['resume'],
];

describe('a store that is not there', () => {
  it.each([...READING, ['runs'], []])('is not made by runbook %s %s %s, which names RUNBOOK_STORE', async (...args) => {
    const { exitCode, stderr } = await at('typo.db', ...args);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('[E_STORE_MISSING]');
    expect(stderr).toContain('RUNBOOK_STORE names typo.db');
    expect(existsSync(join(place.folder, 'typo.db'))).toBe(false);
  });

  it('is no fault where nothing has been run yet, and is not made', async () => {
    expect(await place.runbook('runs')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('No runs yet') });
    expect(await place.runbook()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('No runs yet') });
    expect(await place.runbook('status')).toMatchObject({ stderr: expect.stringContaining('[E_STORE_MISSING]') });
    expect(existsSync(join(place.folder, 'state'))).toBe(false);
  });

  it('is made by a run', async () => {
    place.write('by-hand.yaml', MANUAL_PLAYBOOK);
    expect((await at('new.db', 'run', 'by-hand.yaml')).exitCode).toBe(3);
    expect((await at('new.db', 'status')).exitCode).toBe(0);
  });
});

describe('a drill whose state cannot be kept', () => {
  it('alarms nobody, and is not called a fault of runbook', async () => {
    place.write('file', '');
    const { exitCode, stdout, stderr } = await at('file/runs.db', 'drill', 'breach-response', '--yes');
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('[E_STORE_');
    expect(stderr).not.toContain('fault of runbook itself');
  });

  it('says which folder cannot be written', async () => {
    place.write('kept/drills', 'a file where the folder should be');
    const { stdout, stderr } = await at('kept/runs.db', 'drill', 'breach-response', '--yes');
    expect(stdout).toBe('');
    expect(stderr).toContain('[E_STORE_READONLY]');
    expect(stderr).toContain(join('kept', 'drills'));
  });
});
