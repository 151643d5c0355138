// A run by hand, each word from a process of its own and none of them at a terminal.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIRMED_PLAYBOOK, MANUAL_PLAYBOOK, OFFERS_PLAYBOOK, Place } from './cli.ts';

const place = new Place();
beforeAll(() => {
  place.write('runbook.config.yaml', '');
  place.write('playbooks/by-hand.yaml', MANUAL_PLAYBOOK);
});
afterAll(() => place.remove());

describe('a run without a terminal', () => {
  it('pauses at a manual step, exits 3 and names the command that answers it', async () => {
    const { exitCode, stdout } = await place.runbook('run', 'by-hand', '--title', 'Odd numbers');
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/runbook done \w+ look --field count=VALUE/);
    expect(stdout).toMatch(/runbook resume \w+/);
    expect(stdout).toMatch(/Journal of \w+: \d+ events, head\n {2}[0-9a-f]{64}/);
  });

  it('shows up as unfinished, with what to type next', async () => {
    expect((await place.runbook()).stdout).toMatch(/runbook resume \w+/);
    expect(JSON.parse((await place.runbook('--json')).stdout)).toMatchObject({
      unfinished: [{ playbook: 'by-hand', status: 'waiting' }],
    });
  });

  it('refuses an answer that does not fit, a step it does not have, and an input it does not know', async () => {
    const wrong = await place.runbook('done', 'latest', 'look', '--field', 'count=-1');
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('`count`') });
    expect(await place.runbook('done', 'latest', 'lok')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('`look`'),
    });
    expect(await place.runbook('run', 'by-hand', '--input', 'regio=eu')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('`region`'),
    });
  });

  it('takes one answer to a step and tells the second who was first', async () => {
    const answers = await Promise.all(
      ['bo', 'cy'].map((name) => place.runbook('done', 'latest', 'look', '--field', 'count=2', '--as', name)),
    );
    expect(answers.map(({ exitCode }) => exitCode).sort()).toEqual([0, 2]);
    const [winner, loser] = answers[0]?.exitCode === 0 ? ['bo', answers[1]] : ['cy', answers[0]];
    expect(loser?.stderr).toContain(`look was answered already, by ${winner}`);
  });

  it('goes on at resume until it waits for another person', async () => {
    const { exitCode, stdout } = await place.runbook('resume');
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/runbook approve \w+ act --as NAME --role security/);
    expect((await place.runbook('status', 'latest')).stdout).toMatch(
      /A person does this, once it is approved:\n +Do it\.\n/,
    );
  });

  it('takes no answer to a step that is not approved yet', async () => {
    expect(await place.runbook('done', 'latest', 'act')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('act must be approved before it is done: it waits for the approval of one'),
    });
  });

  it('takes the approval of another person in the role asked for, and of nobody else', async () => {
    expect(await place.runbook('approve', 'latest', 'act', '--role', 'security')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('another person must approve'),
    });
    expect(await place.runbook('approve', 'latest', 'act', '--as', 'bo')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('role security'),
    });
    expect(await place.runbook('approve', 'latest', '--as', 'bo', '--role', 'security')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Approved by bo (security, self-declared): act (a step that a person does).'),
    });
  });

  it('asks for the step to be done once it is approved', async () => {
    const { exitCode, stdout } = await place.runbook('resume');
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/runbook done \w+ act\n/);
    expect((await place.runbook('done', 'latest', 'act')).exitCode).toBe(0);
  });

  it('ends with exit code 0, and its events are JSON lines', async () => {
    const { exitCode, stdout } = await place.runbook('resume', '--json');
    expect(exitCode).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): { type?: string; end?: unknown } => JSON.parse(line));
    expect(lines.map((line) => line.type)).toContain('run.ended');
    expect(lines.at(-1)).toMatchObject({ end: { status: 'done', isInterrupted: false } });
  });

  it('is not gone on with once it has ended', async () => {
    expect(await place.runbook('resume')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^The run \w+ ended at .*: done/),
    });
  });

  it('takes a note after its end, and the report tells it all', async () => {
    const words = ['note', 'latest', 'Look at *odd* numbers', '--action-item', '--owner', 'cy'];
    expect(await place.runbook(...words)).toMatchObject({ exitCode: 0, stderr: '' });
    const { stdout, stderr } = await place.runbook('report');
    expect(stderr).toBe('');
    expect(stdout).toContain('# Incident Report: Odd numbers');
    expect(stdout).toContain('- [ ] Look at \\*odd\\* numbers (owner: cy)');
    expect(stdout).toContain('Act on it: given by bo (security, self-declared)');
  });
});

describe('a run of a project whose contacts have roles', () => {
  const other = new Place();
  beforeAll(async () => {
    other.write('runbook.config.yaml', 'contacts: contacts.yaml\n');
    other.write(
      'contacts.yaml',
      'people:\n  lead: { name: Lee, roles: [security], email: lee@example.org }\n  bo: { name: Bo, roles: [operator], slack: "@bo" }\n',
    );
    other.write('playbooks/by-hand.yaml', MANUAL_PLAYBOOK);
    await other.runbook('run', 'by-hand');
    await other.runbook('done', 'latest', 'look', '--field', 'count=2');
    await other.runbook('resume');
  });
  afterAll(() => other.remove());

  it('takes an approval in a role from those alone who have it, and says who that is', async () => {
    const asking = ['approve', 'latest', 'act', '--role', 'security', '--as'];
    expect(await other.runbook(...asking, 'bo')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(
        "bo does not have the role security in the run's contacts; it is had by lead (Lee)",
      ),
    });
    expect(await other.runbook(...asking, 'lee@example.org')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Approved by lee@example.org (security): act'),
    });
    const { stdout } = await other.runbook('report');
    expect(stdout).toContain('Act on it: given by lee@example.org (security)');
  });
});

describe('an answer without a terminal', () => {
  beforeAll(async () => {
    place.write('playbooks/offers.yaml', OFFERS_PLAYBOOK);
    await place.runbook('run', 'offers');
  });

  it('is told by status what the step asks for, as text and as JSON', async () => {
    const { stdout } = await place.runbook('status', 'latest');
    expect(stdout).toContain('Confirm them in eu.');
    expect(stdout).toMatch(
      /users=<list of text, separated by commas> {2}Whom to contain {2}\(default: 4\s+values: a, b, c, …\)/,
    );
    expect(stdout).toContain('notified=<whole number>  How many were told');
    expect(JSON.parse((await place.runbook('status', 'latest', '--json')).stdout)).toMatchObject({
      waitsFor: [
        {
          path: 'confirm',
          instructions: expect.stringContaining('Confirm them in eu.'),
          fields: [
            { name: 'users', default: ['a', 'b', 'c', 'd'] },
            { name: 'notified', type: 'whole number' },
          ],
        },
      ],
    });
  });

  it('is refused where a default would stand for a field that was not given, and nothing is recorded', async () => {
    const { exitCode, stderr } = await place.runbook('done', 'latest', 'confirm', '--field', 'notified=3');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('[E_FIELD_DEFAULT]');
    expect(stderr).toContain('users would be 4 values: a, b, c, …');
    expect(stderr).toMatch(/runbook done \w+ confirm --field users=VALUE/);
    expect(stderr).toContain('with --yes to take these values');
    expect(JSON.parse((await place.runbook('status', 'latest', '--json')).stdout)).toMatchObject({ status: 'waiting' });
  });

  it('takes the defaults with --yes, and says what was recorded', async () => {
    const { exitCode, stdout } = await place.runbook('done', 'latest', 'confirm', '--field', 'notified=3', '--yes');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('users = 4 values: a, b, c, …');
    expect(stdout).toContain('notified = 3');
  });
});

describe('a confirmation without a terminal', () => {
  it('is shown by status with its inputs and targets, and given by approve without a question', async () => {
    place.write('playbooks/confirmed.yaml', CONFIRMED_PLAYBOOK);
    await place.runbook('run', 'confirmed');
    const { stdout } = await place.runbook('status', 'latest');
    expect(stdout).toMatch(/ {2}shell\.run: run 1 service\n/);
    expect(stdout).toMatch(/command: echo,? restarted/);
    expect(stdout).toContain('- run service shop');
    expect(JSON.parse((await place.runbook('status', 'latest', '--json')).stdout)).toMatchObject({
      waitsFor: [
        {
          kind: 'confirmation',
          approval: { inputs: { command: ['echo', 'restarted'] }, targets: [{ kind: 'service', id: 'shop' }] },
        },
      ],
    });
    expect((await place.runbook('approve', 'latest')).exitCode).toBe(0);
  });
});

describe('a run whose playbook changes', () => {
  it('goes on with the text it started with, and says so', async () => {
    await place.runbook('run', 'by-hand');
    place.write('playbooks/by-hand.yaml', `${MANUAL_PLAYBOOK}# changed\n`);
    const { stderr } = await place.runbook('resume');
    expect(stderr).toContain('playbooks/by-hand.yaml has changed since this run started');
  });

  it('records who took it up', async () => {
    const { stdout } = await place.runbook('resume', '--json', '--as', 'bo');
    const events = stdout
      .trim()
      .split('\n')
      .map((line): { type?: string; data?: unknown } => JSON.parse(line));
    expect(events.find(({ type }) => type === 'run.attached')).toMatchObject({ data: { operator: 'bo' } });
  });

  it('can be skipped through and aborted from the command line', async () => {
    expect(await place.runbook('skip', 'latest', 'look', '--reason', 'not today')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/A later step reads the output of look\. Give it with: runbook done \w+ look/),
    });
    expect((await place.runbook('abort', '--reason', 'enough')).exitCode).toBe(0);
    expect(JSON.parse((await place.runbook('status', 'latest', '--json')).stdout)).toMatchObject({ status: 'aborted' });
  });
});

describe('a run that was killed while a step was at work', () => {
  it('lets the step be skipped, for nobody works on it any more', async () => {
    place.write(
      'playbooks/waits.yaml',
      `apiVersion: runbook/v1
name: waits
title: Waits
category: data
severity: P3
symptoms: [Something is off]
steps:
  - id: wait
    title: Wait for ever
    uses: shell.run
    effect: read
    with: { command: [sleep, "20"] }
`,
    );
    const run = place.start(['run', 'waits']);
    await run.until('start    Wait for ever');
    expect(await place.runbook('skip', 'latest', 'wait', '--reason', 'stuck')).toMatchObject({ exitCode: 4 });
    run.kill('SIGKILL');
    await run.ended;
    expect(await place.runbook('skip', 'latest', 'wait', '--reason', 'stuck')).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await place.runbook('status', 'latest', '--json')).stdout)).toMatchObject({
      status: 'done',
      steps: [{ path: 'wait', phase: 'skipped', skipped: 'ana: stuck' }],
    });
  });
});
