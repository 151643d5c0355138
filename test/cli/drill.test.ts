// The main job as a user does it, without a terminal.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Place } from './cli.ts';

const place = new Place();
afterAll(() => place.remove());

describe('an unattended drill', () => {
  it('goes through the whole breach response, is scored, and writes its report', async () => {
    const { exitCode, stdout } = await place.runbook('drill', 'breach-response', '--yes', '--report', 'report.md');
    expect(stdout).toContain('Score: 100 of 100, passed');
    expect(stdout).toContain('Incident report: report.md');
    expect(exitCode).toBe(0);
    expect(readFileSync(join(place.folder, 'report.md'), 'utf8')).toContain('(drill)');
  }, 120_000);

  it('is taken back in its own world, with what cannot be taken back named, and keeps its score', async () => {
    expect(await place.runbook('undo', 'latest')).toMatchObject({
      exitCode: 3,
      stdout: expect.stringMatching(
        /Would take back, newest first:\n {2}ban 11 users [\s\S]*\nCannot be taken back:\n {2}revoke \d+ sessions/,
      ),
    });
    const { exitCode, stdout } = await place.runbook('undo', 'latest', '--yes', '--json');
    expect(exitCode).toBe(3);
    const last: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    // Whether a password is marked is in no answer of Clerk's: those are left until somebody says so.
    expect(last).toMatchObject({
      end: { status: 'done' },
      undo: { isFinished: true, restored: [{ count: 11 }, { count: 1 }] },
    });
    expect(stdout).not.toContain('drill.scored');
    const unchecked = await place.runbook('undo', 'latest', '--yes', '--unchecked');
    expect(unchecked).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('mark as compromised 12 passwords'),
    });
    const again = await place.runbook('undo', 'latest', '--yes');
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('no changes in effect') });
  }, 120_000);

  it('whose scenario answers what the playbook does not ask is refused before anything starts, each with what was meant', async () => {
    const text = readFileSync(new URL('../../playbooks/drills/breach-response.yaml', import.meta.url), 'utf8');
    const misspelt = text
      .replace('name: breach-response', 'name: misspelt')
      .replace('    confirm:\n', '    confrim:\n')
      .replace('fields: { enabled: true }', 'fields: { enable: true }')
      .replace('step: "*"', 'step: contain/bann')
      .replace('inputs: { countries:', 'inputs: { country: $compromized, countries:');
    place.write('misspelt.yaml', misspelt);
    const { exitCode, stdout, stderr } = await place.runbook('drill', '--scenario', 'misspelt.yaml', '--yes');
    expect([exitCode, stdout]).toEqual([2, '']);
    for (const said of [
      'steps.confrim: no manual step; did you mean confirm?',
      'steps.verification.fields.enable: no such field; did you mean enabled?',
      'approvals: there is no step contain/bann; did you mean contain/ban?',
      'inputs.country: there is no such input; did you mean countries?',
      '$compromized: no world has this word; did you mean $compromised?',
    ])
      expect(stderr).toContain(said);
  });

  it('paused by a signal and resumed, ends the same, with its world as it stood', async () => {
    const drill = place.start(['drill', 'breach-response', '--yes']);
    await drill.until('Revoke all sessions');
    drill.kill('SIGINT');
    const paused = await drill.ended;
    expect(paused.exitCode).toBe(130);
    expect(paused.stdout).toMatch(/runbook resume \w+/);
    const { exitCode, stdout } = await place.runbook('resume');
    expect(stdout).toContain('Score: 100 of 100, passed');
    expect(exitCode).toBe(0);
  }, 120_000);

  it('as JSON, ends with a line that holds the score; is resumed by nobody else meanwhile', async () => {
    const drill = place.start(['drill', 'breach-response', '--yes', '--json']);
    await drill.until('"run.attached"');
    const second = await place.runbook('resume', '--as', 'bo');
    expect(second.exitCode).toBe(4);
    expect(second.stderr).toMatch(/is held by ana on .*, process \d+, since .* \[E_RUN_HELD\]/);
    const { exitCode, stdout } = await drill.ended;
    expect(exitCode).toBe(0);
    const last: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ end: { status: 'done' }, score: { points: 100, passed: true } });
  }, 120_000);

  it('killed and then without its world, is not resumed against anything else', async () => {
    const drill = place.start(['drill', 'breach-response', '--yes']);
    await drill.until('start    Identify');
    drill.kill('SIGKILL');
    await drill.ended;
    rmSync(join(place.folder, 'state', 'runbook', 'drills'), { recursive: true });
    const { exitCode, stderr } = await place.runbook('resume');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('There is no world to resume');
  }, 120_000);
});
