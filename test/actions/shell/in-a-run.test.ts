// shell.run behind the real ledger, in whole runs.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import shellRun from '../../../actions/shell/run.ts';
import { nobody, type People } from '../../../engine/run/people.ts';
import { ofType, openWorld, playbook, type Started, type World } from '../../run/harness.ts';

let world: World;
let folder: string;
beforeEach(async () => {
  world = await openWorld(shellRun);
  folder = mkdtempSync(join(tmpdir(), 'shell-in-a-run-'));
});
afterEach(async () => {
  await world.close();
  rmSync(folder, { recursive: true });
});

/** A step whose command writes a letter to `ran` each time it runs, and then does `code`. */
function step(code: string, more: { readonly with?: string; readonly top?: string } = {}): string {
  const text = `require('fs').appendFileSync(${JSON.stringify(join(folder, 'ran'))}, 'x'); const runs = require('fs').readFileSync(${JSON.stringify(join(folder, 'ran'))}).length; ${code}`;
  return playbook(`  - id: act
    title: Act
    uses: shell.run
    effect: change
    target: { kind: service, id: shop }
    retry: { attempts: 3, delay: 1ms }
${more.top ?? ''}    with:
      command: [${JSON.stringify(process.execPath)}, -e, ${JSON.stringify(text)}]
      ${more.with ?? ''}
`);
}
const runs = (): number => readFileSync(join(folder, 'ran')).length;
const outcomes = ({ state }: Started): string[] =>
  [...(state.changes.get('act')?.values() ?? [])].map((change) => change.outcome);

test('a command that failed half-way is not run again by any retry', async () => {
  const started = await world.start(step('process.exit(1)'));
  expect(started.end.status).not.toBe('done');
  expect([runs(), outcomes(started)]).toEqual([1, ['unknown']]);
});

test('one that a person found to have done its work is not run again, and its step is done', async () => {
  const people: People = { ...nobody, doubt: async () => ({ kind: 'done', actor: 'person:ana', reason: 'it is up' }) };
  const started = await world.start(step('process.exit(1)', { with: 'parse: json' }), { people });
  expect(started.end.status).toBe('done');
  expect([runs(), outcomes(started)]).toEqual([1, ['done']]);
});

test('one that says it is idempotent is', async () => {
  const started = await world.start(step('process.exit(runs < 3 ? 1 : 0)', { with: 'idempotent: true' }));
  expect(started.end.status).toBe('done');
  expect([runs(), outcomes(started)]).toEqual([3, ['done']]);
});

test('one that says it changed nothing is', async () => {
  const started = await world.start(step('process.exit(runs < 3 ? 75 : 0)', { with: 'refusedExitCodes: [75]' }));
  expect(started.end.status).toBe('done');
  expect([runs(), outcomes(started)]).toEqual([3, ['done']]);
});

test('one that is not there did not happen, and is not tried again', async () => {
  const started = await world.start(
    playbook(`  - id: act
    title: Act
    uses: shell.run
    effect: change
    target: { kind: service, id: shop }
    retry: { attempts: 3, delay: 1ms }
    with: { command: [no-such-program-here] }
`),
  );
  expect(started.end.status).toBe('failed');
  expect(ofType(await world.events(started.runId), 'attempt.started')).toHaveLength(1);
  expect(outcomes(started)).toEqual(['failed']);
});

test('out of time it is ended with all it started, and its change is unknown', async () => {
  const closed = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('close', () => closed.resolve());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const grandchild = `require('net').connect(${port}, '127.0.0.1'); setInterval(() => undefined, 1000);`;
  const started = await world.start(
    step(
      `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' });`,
      { top: '    timeout: 2s\n' },
    ),
  );
  expect(started.end.waitsFor).toEqual(['act: word of what became of one change: run service shop']);
  expect([runs(), outcomes(started)]).toEqual([1, ['unknown']]);
  await closed.promise;
});

test.for([
  ['other arguments', { command: ['sh', '-c', 'cat >> "$1"', 'sh', 'FILE2'], stdin: 'two' }, 'FILE2'],
  ['another stdin', { command: ['sh', '-c', 'cat >> "$1"', 'sh', 'FILE'], stdin: 'two' }, 'FILE'],
] as const)('run again with %s it is another command, and is run', async ([, given, name]) => {
  const at = (one: string): string => one.replace('FILE', join(folder, 'out'));
  const inputs = { ...given, command: given.command.map(at) };
  const started = await world.start(
    playbook(`  - id: act
    title: Act
    uses: shell.run
    effect: change
    target: { kind: service, id: shop }
    with: { command: [sh, -c, 'cat >> "$1"', sh, ${at('FILE')}], stdin: one }
    assert: [output.stdout == 'x']
`),
  );
  expect(started.end.status).toBe('failed');
  let tries = 0;
  const failure: People['failure'] = async () => {
    tries += 1;
    return tries === 1 ? { kind: 'retry', actor: 'person:ana', reason: 'mended', inputs } : { kind: 'later' };
  };
  await world.resume(started.runId, started.plan, { people: { ...nobody, failure } });
  expect(readFileSync(at(name), 'utf8')).toBe(name === 'FILE' ? 'onetwo' : 'two');
});
