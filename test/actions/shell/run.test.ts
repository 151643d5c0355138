import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectFolder } from '../../../actions/shell/program.ts';
import shellRun from '../../../actions/shell/run.ts';
import { Paused, PermanentFailure } from '../../../engine/action.ts';
import { fakeRun } from '../fake-context.ts';

const node = (script: string): string[] => [process.execPath, '-e', script];
const target = { kind: 'deployment', id: 'web' };

/** A project in a folder of its own, the working folder for this test. @returns its path. */
function project(files: { readonly [path: string]: string } = {}): string {
  const before = process.cwd();
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'shell-run-')));
  const all = { 'runbook.config.yaml': '', ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), 0o755);
  }
  process.chdir(root);
  onTestFinished(() => {
    process.chdir(before);
    rmSync(root, { recursive: true });
  });
  return root;
}

/** A script that needs nothing but this very Node. */
const script = (text: string): string => `#!${process.execPath}\n${text}\n`;

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

test.each(['read', 'change'] as const)('a program that cannot be started (%s) is told of once', async (effect) => {
  const missing = fakeRun({ effect, target });
  await expect(missing.run(shellRun, { command: ['no-such-program-here', '--now'] })).rejects.toThrow(
    /^no-such-program-here could not be started: there is no such program, or no such folder to run it in \(ENOENT\)$/,
  );
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

test('a command that says it changed nothing did not happen, and may be run again', async () => {
  const refusing = fakeRun({ effect: 'change', target });
  const input = { command: node('console.error("locked"); process.exit(75)'), refusedExitCodes: [75] };
  const failure = await refusing.run(shellRun, input).catch((thrown: unknown) => thrown);
  expect(failure).not.toBeInstanceOf(PermanentFailure);
  expect(String(failure)).toMatch(/did nothing to deployment web \(failed\): .* exited with 75, expected 0: locked/);
  expect([...refusing.results.values()]).toMatchObject([{ outcome: 'failed' }]);
});

test('a command that a signal ended leaves its change unknown', async () => {
  const killed = fakeRun({ effect: 'change', target });
  killed.ctx.exec = async () => ({
    exitCode: null,
    signal: 'SIGKILL',
    stdout: '',
    stderr: '',
    isTruncated: false,
    durationMs: 1,
  });
  await expect(killed.run(shellRun, { command: ['deploy'] })).rejects.toThrow(
    'It is not known what deploy did to deployment web: deploy was ended by SIGKILL',
  );
  expect([...killed.results.values()]).toMatchObject([{ outcome: 'unknown' }]);
});

test('one that is idempotent is run again where its end is unknown', async () => {
  const ledger = [{ ...target, verb: 'run', outcome: 'unknown' as const }];
  const again = fakeRun({ effect: 'change', target, ledger });
  expect(await again.run(shellRun, { command: node('console.log("ok")'), idempotent: true })).toMatchObject({
    value: 'ok',
  });
});

test('what a person said was done ends the step, its output marked as not known', async () => {
  const ledger = [{ ...target, verb: 'run', outcome: 'done' as const, detail: { confirmedBy: 'ana' } }];
  const resumed = fakeRun({ effect: 'change', target, ledger });
  expect(await resumed.run(shellRun, { command: node('process.exit(1)'), parse: 'json' })).toMatchObject({
    exitCode: -1,
    value: null,
  });
  expect(resumed.logs).toEqual([expect.stringContaining('recorded as done without a result')]);
});

test('output over its bound is said to be cut, and as JSON is an error', async () => {
  const cut = fakeRun();
  cut.ctx.exec = async () => ({
    exitCode: 0,
    signal: null,
    stdout: '[1,',
    stderr: '',
    isTruncated: true,
    durationMs: 1,
  });
  expect(await cut.run(shellRun, { command: ['list'] })).toMatchObject({ value: '[1,', isTruncated: true });
  await expect(cut.run(shellRun, { command: ['list'], parse: 'json' })).rejects.toThrow(/the JSON was cut/);
});

test('runs a script of the project, from any folder in it, and records what it held', async () => {
  const text = script('console.log(process.cwd(), process.argv[2]);');
  const root = project({ 'ops/restart': text, 'docs/readme.md': '' });
  process.chdir(join(root, 'docs'));
  const changing = fakeRun({ effect: 'change', target });
  expect(await changing.run(shellRun, { command: ['ops/restart', 'web-1'] })).toMatchObject({ value: `${root} web-1` });
  expect([...changing.results.values()]).toMatchObject([
    { after: { commandRan: 'ops/restart', sha256: createHash('sha256').update(text).digest('hex') } },
  ]);
});

test('runs where it is told, relative to the project', async () => {
  const root = project({ 'app/package.json': '{}' });
  expect(await fakeRun().run(shellRun, { command: node('console.log(process.cwd())'), cwd: 'app' })).toMatchObject({
    value: join(root, 'app'),
  });
});

test.for<[string, string, RegExp]>([
  ['that leads out of the project', '../outside/run', /lies outside the project/],
  ['that leads out of it by a link', 'ops/link', /lies outside the project/],
  ['that is not there', 'ops/none', /cannot be read/],
  ['that is a folder', './ops', /is no file/],
])('refuses a script %s', async ([, path, message]) => {
  const root = project({ 'ops/restart': script('') });
  symlinkSync(process.execPath, join(root, 'ops/link'));
  const running = fakeRun({ effect: 'change', target });
  const failure = await running.run(shellRun, { command: [path] }).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(PermanentFailure);
  expect(String(failure)).toMatch(message);
  expect([...running.results]).toEqual([]);
});

test('a script that is not executable says what to do', async () => {
  const root = project({ 'ops/restart': script('') });
  chmodSync(join(root, 'ops/restart'), 0o644);
  await expect(fakeRun().run(shellRun, { command: ['ops/restart'] })).rejects.toThrow(/chmod \+x/);
});

test('without a config the project is the folder the engine was started in', () => {
  const root = project({ 'a/b/c.txt': '' });
  expect(projectFolder(join(root, 'a/b'))).toBe(root);
  rmSync(join(root, 'runbook.config.yaml'));
  expect(projectFolder(join(root, 'a/b'))).toBe(join(root, 'a/b'));
});
