// Whoever ends a drill before its end has not passed it, and past drills say so.
import { afterAll, expect, it } from 'vitest';
import { Place } from './cli.ts';

const place = new Place();
afterAll(() => place.remove());

it('an aborted drill does not pass, names what was never reached, and is compared as aborted', async () => {
  const drill = place.start(['drill', 'slow-api', '--yes']);
  await drill.until('start    ');
  drill.kill('SIGINT');
  expect((await drill.ended).exitCode).toBe(130);
  const { stdout } = await place.runbook('abort', 'latest', '--reason', 'Not today');
  expect(stdout).toContain('not passed: the run was aborted (pass mark 80)');
  expect(stdout).toMatch(/-\d+ {2}\d+ steps? never reached: the run was aborted\n/);
  const table = await place.runbook('drill', '--compare');
  expect(table.stdout).toMatch(/slow-api .* \d+ aborted /);
  const { stdout: json } = await place.runbook('drill', '--compare', '--json');
  expect(JSON.parse(json)).toMatchObject([{ passed: false, outcome: 'aborted' }]);
}, 120_000);
