// Every scenario that comes along, unattended and with its own seed, through the built command line.
import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Place } from './cli.ts';

const FOLDER = new URL('../../playbooks/drills/', import.meta.url);
const SCENARIOS = readdirSync(FOLDER).flatMap((file) =>
  file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : [],
);

const place = new Place();
afterAll(() => place.remove());

/** One place for all, as in a project: drills do not disturb each other. */
describe.concurrent('unattended and with its own seed', () => {
  it.each(SCENARIOS)(
    '%s passes',
    async (scenario) => {
      const { exitCode, stdout, stderr } = await place.runbook('drill', '--scenario', scenario, '--yes', '--json');
      const last: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      expect(last, stderr).toMatchObject({ end: { status: 'done' }, score: { passed: true, outcome: 'done' } });
      expect(exitCode).toBe(0);
    },
    240_000,
  );
});

it('knows the scenarios of all playbooks that there are', () => {
  expect(SCENARIOS).toEqual(
    expect.arrayContaining([
      'breach-response',
      'breach-with-persistence',
      'cold-keys',
      'leaked-secret-key',
      'slow-api',
    ]),
  );
});
