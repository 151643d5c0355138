// The project's own rooms, through the built command line.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MANUAL_PLAYBOOK, Place } from './cli.ts';

const places: Place[] = [];
function newPlace(config?: string): Place {
  const place = new Place();
  places.push(place);
  if (config !== undefined) place.write('runbook.config.yaml', config);
  return place;
}
afterAll(() => {
  for (const place of places) place.remove();
});

describe('runbook.config.yaml', () => {
  it('names the folders of playbooks and the store', async () => {
    const place = newPlace('playbooks: [ours, theirs]\nstore: kept/all.db\n');
    place.write('ours/by-hand.yaml', MANUAL_PLAYBOOK);
    place.write('theirs/by-hand.yaml', MANUAL_PLAYBOOK.replace('title: By hand', 'title: Theirs'));
    place.write('theirs/breach-response.yaml', MANUAL_PLAYBOOK.replace('name: by-hand', 'name: breach-response'));
    const { stdout } = await place.runbook('list');
    expect(stdout).toMatch(/^by-hand +P3 +data +By hand +ours\/by-hand\.yaml$/m);
    expect(stdout).toMatch(/theirs\/breach-response\.yaml \(in place of the built-in one\)$/m);
    expect((await place.runbook('run', 'by-hand')).exitCode).toBe(3);
    expect(existsSync(join(place.folder, 'kept/all.db'))).toBe(true);
    expect(existsSync(join(place.folder, '.runbook'))).toBe(false);
  });

  it('is refused with its place where a command needs what is wrong in it', async () => {
    const place = newPlace('store: a.db\nlimits: { user: lots }\n');
    const { exitCode, stderr } = await place.runbook('runs');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('runbook.config.yaml:2:17 error E_CONFIG_VALUE `limits.user` must be a whole number');
    expect(stderr).toContain('[E_CONFIG_INVALID]');
  });

  it('may not name a database that is not spoken', async () => {
    const place = newPlace('store: mysql://db.example/runs\n');
    const { exitCode, stderr } = await place.runbook('runs');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('names a mysql database, which this version does not speak [E_STORE_UNSUPPORTED]');
    expect((await place.runbook('list')).exitCode).toBe(0);
  });
});

describe('init', () => {
  it('makes a project that validates, and overwrites nothing', async () => {
    const place = newPlace();
    place.write('contacts.yaml', '# ours\n');
    const { exitCode, stdout } = await place.runbook('init');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('wrote  runbook.config.yaml\nkept   contacts.yaml\n');
    expect(stdout).toContain('runbook run example');
    expect(readFileSync(join(place.folder, 'contacts.yaml'), 'utf8')).toBe('# ours\n');
    expect(await place.runbook('validate')).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: expect.stringContaining('playbooks/example.yaml: valid'),
    });
    const again = await place.runbook('init', '--json');
    expect(JSON.parse(again.stdout)).toEqual({
      written: [],
      kept: [
        'runbook.config.yaml',
        'contacts.yaml',
        'playbooks/example.yaml',
        'actions/example/disk-space.ts',
        '.gitignore',
      ],
    });
  });

  it('writes a playbook that runs, with an action of the project’s own', async () => {
    const place = newPlace();
    await place.runbook('init');
    const { exitCode, stdout } = await place.runbook('run', 'example');
    expect(stdout).toContain('Decide whether it is enough');
    expect(exitCode).toBe(3);
    const done = await place.runbook('done', 'latest', 'judge', '--field', 'enough=true');
    expect(done.stderr).toBe('');
    expect((await place.runbook('resume')).exitCode).toBe(0);
  });
});

describe('new', () => {
  it('writes a playbook and an action that are valid as they are', async () => {
    const place = newPlace('playbooks: [books]\nactions: [ops]\nstrictActions: true\n');
    expect((await place.runbook('new', 'playbook', 'restart-shop')).stdout).toContain('wrote  books/restart-shop.yaml');
    expect((await place.runbook('new', 'action', 'shop.restart-worker')).stdout).toContain(
      'wrote  ops/shop/restart-worker.ts',
    );
    expect((await place.runbook('validate')).stdout).toContain('books/restart-shop.yaml: valid');
    const { stdout, stderr } = await place.runbook('actions');
    expect(stdout).toMatch(/^shop\.restart-worker +change +Restart worker +ops\/shop\/restart-worker\.ts$/m);
    expect(stderr).toBe('');
    const again = await place.runbook('new', 'playbook', 'restart-shop');
    expect(again.stderr).toContain('There is a file books/restart-shop.yaml already');
    expect(again.exitCode).toBe(2);
  });

  it.each([
    [['new', 'playbook', 'Restart Shop'], 'Restart Shop is no name for a playbook'],
    [['new', 'action', 'restart'], 'restart is no name for an action'],
    [['new', 'action', '../a.b'], '../a.b is no name for an action'],
    [['new', 'config', 'a'], 'new does not know config'],
  ])('refuses %j', async (args, words) => {
    const { exitCode, stderr } = await newPlace('').runbook(...args);
    expect(stderr).toContain(words);
    expect(exitCode).toBe(2);
  });
});
