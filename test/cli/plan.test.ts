// `runbook plan` as a process.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MANUAL_PLAYBOOK, Place } from './cli.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

test('a plan against a drill tells what would change, and leaves nothing behind', async () => {
  const { exitCode, stdout, stderr } = await place.runbook('plan', 'breach-response', '--drill', '--json');
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  const plan = JSON.parse(stdout);
  expect(plan).toMatchObject({ playbook: { name: 'breach-response' }, isDrill: true, unknowns: [], uncounted: [] });
  const totals = plan.totals.map(({ verb, kind }: { verb: string; kind: string }) => `${verb} ${kind}`);
  expect(totals).toEqual(expect.arrayContaining(['revoke session', 'ban user']));
  expect(stdout).not.toMatch(/sk_(live|test)_/);
  expect(readdirSync(place.folder)).toEqual([]);
});

test('what a person will answer is not known: exit 3; with --answers the plan is whole: exit 0', async () => {
  place.write('playbooks/by-hand.yaml', MANUAL_PLAYBOOK);
  const open = await place.runbook('plan', 'by-hand', '--input', 'region=us');
  expect(open.exitCode).toBe(3);
  expect(open.stdout).toContain('It would\n  change nothing');
  expect(open.stdout).toContain('look: the answer count: a person answers it in the run, and it has no default');
  expect(open.stdout).toContain('act: whether it runs (steps.look.output.count > 0)');
  expect(open.stdout).toContain('act  Act on it  perhaps');
  place.write('answers.yaml', 'look: { fields: { count: 3 } }\n');
  const whole = await place.runbook('plan', 'by-hand', '--answers', 'answers.yaml');
  expect(whole.exitCode).toBe(0);
  expect(whole.stdout).toContain('when steps.look.output.count > 0: holds now');
  expect(whole.stdout).toContain('act: the approval of one other person with the role security');
  expect(existsSync(join(place.folder, 'state'))).toBe(false);
});

test('answers that do not fit, and environments that are not there, are wrong usage', async () => {
  place.write('playbooks/by-hand.yaml', MANUAL_PLAYBOOK);
  place.write('answers.yaml', 'look: { fields: { count: many } }\n');
  const misfit = await place.runbook('plan', 'by-hand', '--answers', 'answers.yaml');
  expect(misfit.exitCode).toBe(2);
  expect(misfit.stderr).toContain('E_ANSWERS_INVALID');
  const nowhere = await place.runbook('plan', 'by-hand', '--env', 'mars');
  expect(nowhere.exitCode).toBe(2);
  expect(nowhere.stderr).toContain('E_ENVIRONMENT_UNKNOWN');
});

test('a secret that is missing is said before anything is read', async () => {
  const { exitCode, stderr } = await place.runbook('plan', 'breach-response');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('CLERK_SECRET_KEY');
  expect(stderr).toContain('then plan again');
});
