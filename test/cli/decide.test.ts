// What people say of steps that cannot go on by themselves: again with other inputs, skipped, done by hand, the output they
// would have had, what became of a change.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { abort } from '../../engine/cli/commands/abort.ts';
import { changes } from '../../engine/cli/commands/changes.ts';
import { retry, skip } from '../../engine/cli/commands/decide-step.ts';
import { done } from '../../engine/cli/commands/done.ts';
import { report } from '../../engine/cli/commands/report.ts';
import { resume } from '../../engine/cli/commands/resume.ts';
import { run } from '../../engine/cli/commands/run.ts';
import { settle } from '../../engine/cli/commands/settle.ts';
import { status } from '../../engine/cli/commands/status.ts';
import { Folder, jsonLines } from './in-process.ts';

const HEAD = 'apiVersion: runbook/v1\nname: fails\ntitle: Fails\ncategory: data\nseverity: P3\n';
/** Fails; a later step reads its output without a guard. */
const FAILS = `${HEAD}steps:
  - id: files
    title: List
    uses: shell.run
    effect: read
    with: { command: [ls, /nothing-here] }
  - id: tell
    title: Tell
    manual: "It wrote \${{ steps.files.output.stdout }}"
`;
const OUTPUT = { exitCode: 0, stdout: 'a', value: 'a', stderr: '', isTruncated: false, durationMs: 1 };

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

async function start(yaml: string) {
  folder.write('playbooks/fails.yaml', yaml);
  return folder.call((app) => run(app, 'fails', {}));
}
async function state(): Promise<{ readonly [name: string]: unknown } | undefined> {
  return jsonLines(await folder.call((app) => status(app, 'latest', {}), { json: true }))[0];
}

describe('retry', () => {
  it('runs the one stopped step again with other inputs, read by the schema of its action', async () => {
    expect((await start(FAILS)).exitCode).toBe(1);
    const inputs = { input: ['command=echo,here'] };
    const { exitCode, stdout } = await folder.call((app) => retry(app, 'latest', undefined, inputs));
    expect(exitCode).toBe(3);
    expect(stdout).toContain('with other inputs: command');
    expect(await state()).toMatchObject({ waitsFor: [{ path: 'tell', instructions: 'It wrote here\n' }] });
  });

  it('refuses inputs that the action does not take, and changes nothing', async () => {
    await start(FAILS);
    for (const [given, said] of [
      ['comand=ls', 'did you mean `command`?'],
      ['timeoutMs=soon', 'has no input'],
      ['parse=xml', '`parse`'],
    ] as const) {
      const { exitCode, stderr } = await folder.call((app) => retry(app, 'latest', 'files', { input: [given] }));
      expect(exitCode, given).toBe(2);
      expect(stderr).toContain(said);
    }
    expect(await state()).toMatchObject({ status: 'failed' });
  });
});

describe('a step whose output a later step reads', () => {
  it('done by hand with its output, goes on at once', async () => {
    await start(FAILS);
    const options = { output: JSON.stringify(OUTPUT), note: 'looked myself' };
    expect((await folder.call((app) => done(app, 'latest', 'files', options))).exitCode).toBe(3);
    expect(await state()).toMatchObject({ waitsFor: [{ path: 'tell', instructions: 'It wrote a' }] });
  });

  it('skipped with its output, gives it to those who read it', async () => {
    await start(FAILS);
    const options = { reason: 'known', output: JSON.stringify(OUTPUT) };
    expect((await folder.call((app) => skip(app, 'latest', 'files', options))).exitCode).toBe(3);
    expect(await state()).toMatchObject({
      steps: [{ path: 'files', phase: 'skipped', skipped: 'ana: known' }, { path: 'tell' }],
      waitsFor: [{ path: 'tell', instructions: 'It wrote a' }],
    });
  });

  it('skipped without one, says what to do, and waits for it; given, the run goes on', async () => {
    await start(FAILS);
    const skipped = await folder.call((app) => skip(app, 'latest', undefined, { reason: 'known' }));
    expect(skipped).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /A later step reads the output of files\. Give it with: runbook done \w+ files --output JSON/,
      ),
    });
    expect(await state()).toMatchObject({ waitsFor: [{ path: 'files', kind: 'output' }] });
    expect((await folder.call((app) => status(app, 'latest', {}))).stdout).toContain('It must be JSON with exitCode, ');
    const wrong = await folder.call((app) => done(app, 'latest', undefined, { output: '{"exitCode": "x"}' }));
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('[E_OUTPUT_INVALID]') });
    folder.write('output.json', JSON.stringify(OUTPUT));
    const given = await folder.call((app) => done(app, 'latest', undefined, { output: '@output.json' }));
    expect(given).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('the output of files, given by ana') });
    const again = await folder.call((app) => done(app, 'latest', 'files', { output: '@output.json' }));
    expect(again.exitCode).toBe(2);
    await folder.call((app) => resume(app, 'latest', {}));
    expect(await state()).toMatchObject({ waitsFor: [{ path: 'tell', instructions: 'It wrote a' }] });
  });

  it('is refused what is no JSON, and fields where an output is asked for', async () => {
    await start(FAILS);
    expect(await folder.call((app) => done(app, 'latest', 'files', { output: '{' }))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--output is no JSON'),
    });
    expect(await folder.call((app) => done(app, 'latest', 'files', { field: ['a=b'] }))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--field says nothing here'),
    });
  });
});

describe('a step in a loop', () => {
  const EACH = `${HEAD}steps:
  - id: each
    title: Each
    forEach: '["a", "b"]'
    concurrency: 2
    steps:
      - { id: ask, title: Ask, manual: Ask. }
`;

  it('is named by its path where its id means several', async () => {
    await start(EACH);
    const { exitCode, stderr } = await folder.call((app) => done(app, 'latest', 'ask', {}));
    expect(exitCode).toBe(2);
    expect(stderr).toContain('ask fits 2 steps of this run [E_STEP_AMBIGUOUS]');
    expect(stderr).toContain('`each[0]/ask`, `each[1]/ask`');
    expect((await folder.call((app) => done(app, 'latest', 'each[1]/ask', {}))).exitCode).toBe(0);
    // One is left that the id can mean.
    expect((await folder.call((app) => done(app, 'latest', 'ask', {}))).exitCode).toBe(0);
    expect((await folder.call((app) => resume(app, 'latest', {}))).exitCode).toBe(0);
  });
});

describe('a run that is out of time itself', () => {
  it('goes on by retry, and cannot be skipped or done by hand', async () => {
    await start(
      `${HEAD}timeout: 1s\nsteps:\n  - { id: nap, title: Nap, uses: shell.run, effect: read, with: { command: [sleep, "3"] } }\n`,
    );
    expect(await state()).toMatchObject({ status: 'failed' });
    const skipped = await folder.call((app) => skip(app, 'latest', undefined, { reason: 'enough' }));
    expect(skipped).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('The run itself ran out of time') });
    const byHand = await folder.call((app) => done(app, 'latest', undefined, {}));
    expect(byHand).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/runbook retry \w+ goes on/) });
    const again = await folder.call((app) => retry(app, 'latest', undefined, {}));
    expect(again.stdout).toContain('start    Nap');
  });
});

describe('a change that nobody knows the outcome of', () => {
  const sends = (at: string): string => `${HEAD}steps:
  - id: send
    title: Send
    uses: shell.run
    effect: change
    target: { kind: mail, id: all }
    with: { command: [sh, -c, "touch ${at}/sent; exit 9"] }
`;

  it('is settled by a person with a reason, for one target or all, and then the run goes on', async () => {
    const waits = await start(sends(folder.path));
    expect(waits.exitCode).toBe(3);
    expect(existsSync(join(folder.path, 'sent'))).toBe(true);
    expect((await folder.call((app) => status(app, 'latest', {}))).stdout).toMatch(/- run mail all, sent \d{4}-.*Z: /);
    const reason = 'the log has it';
    expect(await folder.call((app) => settle(app, 'latest', 'send', 'maybe', { reason }))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('settle does not know maybe'),
    });
    expect(await folder.call((app) => settle(app, 'latest', 'send', 'done', { reason, target: ['al'] }))).toMatchObject(
      {
        exitCode: 2,
        stderr: expect.stringContaining('`all`'),
      },
    );
    const settled = await folder.call((app) => settle(app, 'latest', 'done', undefined, { reason, target: ['all'] }));
    expect(settled).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('it happened, by ana') });
    expect(await folder.call((app) => settle(app, 'latest', 'send', 'done', { reason }))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('send has no changes in doubt'),
    });
    expect((await folder.call((app) => resume(app, 'latest', {}))).exitCode).toBe(0);
  });

  it('is named at the end of a run, listed, and settled although the run has ended', async () => {
    const idempotent = sends(folder.path).replace('effect: change', 'effect: change\n    onFailure: continue');
    expect((await start(idempotent)).exitCode).toBe(3);
    const ended = await folder.call((app) => abort(app, 'latest', { reason: 'enough' }));
    const named =
      /One change has no known outcome: run mail all\. Find out, then \(CHOICE: done or skip\):\n {2}runbook settle \w+ send CHOICE --reason WHY/;
    expect(ended.stdout).toMatch(/Aborted[\s\S]*One change has no known outcome/);
    expect(ended.stdout).toMatch(named);
    expect((await folder.call((app) => changes(app, 'latest', {}))).stdout).toMatch(named);
    const listed = await folder.call((app) => settle(app, 'latest', undefined, undefined, {}));
    expect(listed.stdout).toMatch(/^STEP +CHANGE +SENT +ANSWER\nsend +run mail all +\d{4}-/);
    const asJson = await folder.call((app) => settle(app, 'latest', undefined, undefined, {}), { json: true });
    expect(jsonLines(asJson)).toMatchObject([{ open: [{ step: 'send', id: 'all', outcome: 'unknown' }] }]);
    const told = 'Sent, and nobody knows whether it happened';
    expect((await folder.call((app) => report(app, 'latest', {}))).stdout).toMatch(
      new RegExp(`${told}[\\s\\S]*- Send: run mail all\\n`),
    );

    const reason = 'the log has it';
    expect(await folder.call((app) => settle(app, 'latest', 'send', 'done', {}))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('settle needs --reason'),
    });
    expect(await folder.call((app) => settle(app, 'latest', 'repeat', undefined, { reason }))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('send does not go on any more'),
    });
    const settled = await folder.call((app) => settle(app, 'latest', 'done', undefined, { reason }));
    expect(settled).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Recorded: run mail all: it happened/),
    });
    expect((await folder.call((app) => settle(app, 'latest', undefined, undefined, {}))).stdout).toBe(
      'Every change of this run has a known outcome.',
    );
    const after = await folder.call((app) => report(app, 'latest', {}));
    expect(after.stdout).not.toContain(told);
    expect(after.stdout).toContain('run mail all: it happened, said ana: the log has it');
    // It happened: so it can be told what of it stands.
    expect(jsonLines(await folder.call((app) => changes(app, 'latest', {}), { json: true }))).toMatchObject([
      { id: 'all', outcome: 'done' },
    ]);
  });

  it('is named to who skips its step', async () => {
    await start(sends(folder.path));
    const skipped = await folder.call((app) => skip(app, 'latest', 'send', { reason: 'known' }));
    expect(skipped.stderr).toContain('One change has no known outcome: run mail all');
    expect(skipped.stdout).toMatch(/Done in .*\n[\s\S]*One change has no known outcome: run mail all/);
  });
});
