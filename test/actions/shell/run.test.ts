import { expect, test } from 'vitest';
import shellRun from '../../../actions/shell/run.ts';
import { Paused, PermanentFailure } from '../../../engine/action.ts';
import { fakeRun } from '../fake-context.ts';

const node = (script: string): string[] => [process.execPath, '-e', script];
const target = { kind: 'deployment', id: 'web' };

test('gives text, lines or JSON', async () => {
  const command = node('console.log(JSON.stringify({ a: 1 })); ');
  expect(await fakeRun().run(shellRun, { command })).toMatchObject({
    exitCode: 0,
    stdout: '{"a":1}\n',
    value: '{"a":1}',
  });
  expect(await fakeRun().run(shellRun, { command, parse: 'json' })).toMatchObject({ value: { a: 1 } });
  const lines = { command: node('console.log("one\\ntwo")'), parse: 'lines' };
  expect(await fakeRun().run(shellRun, lines)).toMatchObject({ value: ['one', 'two'] });
});

test('expands nothing in its arguments and passes stdin', async () => {
  const command = [...node('process.stdin.pipe(process.stdout); console.log(process.argv[1])'), '$HOME; rm -rf *'];
  expect(await fakeRun().run(shellRun, { command, stdin: 'in' })).toMatchObject({ value: '$HOME; rm -rf *\nin' });
});

test('an exit code that is not accepted fails with what it said', async () => {
  const command = node('console.error("no such thing"); process.exit(3)');
  await expect(fakeRun().run(shellRun, { command })).rejects.toThrow(/exited with 3, expected 0: no such thing/);
  expect(await fakeRun().run(shellRun, { command, exitCodes: [0, 3] })).toMatchObject({ exitCode: 3 });
});

test('JSON that is none fails for good', async () => {
  const attempt = fakeRun().run(shellRun, { command: node('console.log("oops")'), parse: 'json' });
  await expect(attempt).rejects.toBeInstanceOf(PermanentFailure);
});

test('a command that changes something is one change of the target, with its output kept', async () => {
  const changing = fakeRun({ effect: 'change', target });
  expect(await changing.run(shellRun, { command: node('console.log("rolled back")') })).toMatchObject({
    value: 'rolled back',
  });
  expect([...changing.results.values()]).toEqual([
    expect.objectContaining({
      kind: 'deployment',
      id: 'web',
      verb: 'run',
      outcome: 'done',
      detail: expect.objectContaining({ stdout: 'rolled back\n' }),
    }),
  ]);
});

test('a resumed step gives the output of the command that ran before and does not run it again', async () => {
  const detail = { exitCode: 0, durationMs: 5, isTruncated: false, stdout: '{"revision":7}', stderr: '' };
  const ledger = [{ ...target, verb: 'run', outcome: 'done' as const, detail }];
  const command = node('process.exit(1)');
  expect(await fakeRun({ effect: 'change', target, ledger }).run(shellRun, { command, parse: 'json' })).toMatchObject({
    value: { revision: 7 },
  });
});

test('does not run a command again whose end is unknown', async () => {
  const ledger = [{ ...target, verb: 'run', outcome: 'unknown' as const }];
  await expect(
    fakeRun({ effect: 'change', target, ledger }).run(shellRun, { command: node('') }),
  ).rejects.toBeInstanceOf(Paused);
});

test('a failed command leaves its change in doubt; one that never began did not happen', async () => {
  const failing = fakeRun({ effect: 'change', target });
  await expect(failing.run(shellRun, { command: node('process.exit(1)') })).rejects.toThrow(/not known what/);
  expect([...failing.results.values()][0]?.outcome).toBe('unknown');
  const missing = fakeRun({ effect: 'change', target });
  await expect(missing.run(shellRun, { command: ['no-such-program-here'] })).rejects.toBeInstanceOf(PermanentFailure);
  expect([...missing.results.values()][0]?.outcome).toBe('failed');
});

test('a plan runs nothing', async () => {
  const planned = fakeRun({ effect: 'destructive', target, planning: true });
  expect(await planned.run(shellRun, { command: node('process.exit(9)') })).toMatchObject({ exitCode: -1 });
  expect([...planned.results.values()][0]?.outcome).toBe('planned');
});

test('its input schema refuses a command line in one string and an empty command', async () => {
  await expect(fakeRun().run(shellRun, { command: 'ls -l' })).rejects.toThrow(/input/);
  await expect(fakeRun().run(shellRun, { command: [] })).rejects.toThrow(/input/);
});
