// A team's store from the command line: two machines (two folders that share nothing but the database) and one run.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../engine/run/events.ts';
import { openPostgresJournal } from '../../engine/store/postgres/open.ts';
import { Place } from '../cli/cli.ts';
import { PASSWORD, PostgresServer, withClient } from './postgres-server.ts';
import { readAll, silentRedactor } from './support.ts';

/** `hold` goes on when the gate is there: the first machine dies before that. */
const PLAYBOOK = `apiVersion: runbook/v1
name: shared
title: Shared
category: data
severity: P3
inputs:
  gate: { type: string }
steps:
  - id: gather
    title: Gather much
    uses: shell.run
    effect: read
    with:
      command: [node, -e, "process.stdout.write('x'.repeat(200000))"]
  - id: look
    title: Look at it
    manual: Look at it.
    evidence: required
  - id: hold
    title: Hold
    uses: shell.run
    effect: read
    timeout: 5m
    with:
      command:
        - node
        - -e
        - const t = setInterval(() => require('fs').existsSync(process.argv[1]) && clearInterval(t), 50)
        - \${{ inputs.gate }}
  - id: count
    title: Count it
    uses: shell.run
    effect: read
    with:
      command: [node, -e, "let n = 0; process.stdin.on('data', (d) => n += d.length).on('end', () => console.log(n))"]
      stdin: \${{ steps.gather.output.stdout }}
`;

let server: PostgresServer;
let url: string;
let laptop: Place;
let office: Place;

beforeAll(async () => {
  server = await PostgresServer.start();
  url = await server.database();
  [laptop, office] = [new Place(), new Place()];
  laptop.write('shared.yaml', PLAYBOOK);
  office.write('evidence.bin', 'seen at 03:04');
});
afterAll(async () => {
  laptop.remove();
  office.remove();
  await server.stop();
});

const on = (place: Place, ...args: readonly string[]) => place.start(args, { RUNBOOK_STORE: url });

/** What every process of this machine shows to every other: its command line, and to its owner its variables. */
function processes(): { readonly command: string; readonly environment: string }[] {
  const read = (pid: string, name: string): string => {
    try {
      return readFileSync(join('/proc', pid, name), 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ command: read(pid, 'cmdline'), environment: read(pid, 'environ') }));
}

async function withEvents<T>(work: (events: readonly RunEvent[]) => T): Promise<T> {
  const journal = await openPostgresJournal({ url, redactor: silentRedactor });
  try {
    const [run] = await journal.runs();
    return work(run === undefined ? [] : await readAll(journal, run.id));
  } finally {
    await journal.close();
  }
}

describe('a run in a store that machines share', () => {
  it('is not looked for where there is no store yet, and none is made', async () => {
    const { exitCode, stderr } = await on(office, 'status').ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain('holds no store yet [E_STORE_MISSING]');
    expect(stderr).not.toContain(PASSWORD);
  });

  it('is started on one, and answered with evidence from another', async () => {
    const gate = join(laptop.folder, 'gate');
    const { exitCode, stderr } = await on(laptop, 'run', 'shared.yaml', '--input', `gate=${gate}`).ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' });
    const answer = await on(office, 'done', 'latest', 'look', '--evidence', 'evidence.bin', '--as', 'bo').ended;
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('shows nobody the password while it runs, and gives it to no command', async () => {
    const resumed = on(laptop, 'resume');
    await expect
      .poll(() =>
        withEvents((events) => events.some(({ type, step }) => type === 'attempt.started' && step === 'hold')),
      )
      .toBe(true);
    const gate = join(laptop.folder, 'gate');
    await expect
      .poll(() => processes().some(({ command }) => command.includes(`existsSync`) && command.includes(gate)))
      .toBe(true);
    const running = processes();
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) {
      expect(running.filter(({ command }) => command.includes(secret))).toEqual([]);
      const held = running.filter(({ command }) => command.includes(gate));
      expect(held.filter(({ environment }) => environment.includes(secret))).toEqual([]);
    }
    resumed.kill('SIGKILL');
    expect((await resumed.ended).exitCode).toBeNull();
  });

  it('is held while the lease of a machine that died lasts, and says by whom', async () => {
    await withClient(url, (client) =>
      client.query(`update runbook.leases set host = 'laptop', expires_at = '2999-01-01T00:00:00.000Z'`),
    );
    const { exitCode, stderr } = await on(office, 'resume').ended;
    expect(exitCode).toBe(4);
    expect(stderr).toContain('is held by ana on laptop');
  });

  it('is then taken over by another machine, with its evidence and its large outputs', async () => {
    await withClient(url, (client) =>
      client.query(`update runbook.leases set expires_at = '2020-01-01T00:00:00.000Z'`),
    );
    laptop.write('gate', '');
    const { exitCode, stdout, stderr } = await on(office, 'resume').ended;
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' });
    const journal = await openPostgresJournal({ url, redactor: silentRedactor });
    const [run] = await journal.runs();
    if (!run) throw new Error('no run');
    expect(run).toMatchObject({ status: 'done' });
    const events = await readAll(journal, run.id);
    expect(await journal.verify(run.id)).toEqual({ events: events.length, head: events.at(-1)?.hash });
    const outputOf = (step: string) =>
      events.find((event) => event.type === 'step.done' && event.step === step)?.data as unknown;
    expect(outputOf('gather')).toMatchObject({ output: { ref: { blob: expect.any(String) } } });
    expect(JSON.stringify(outputOf('count'))).toContain('200000');
    const answered = events.find(({ type }) => type === 'manual.answered')?.data as {
      evidence: readonly { blob: string }[];
    };
    const evidence = await journal.getBlob(run.id, answered.evidence[0]?.blob ?? '');
    expect(Buffer.from(evidence).toString()).toBe('seen at 03:04');
    await journal.close();
  });

  it('is reported, listed and verified from any machine', async () => {
    const report = await on(laptop, 'report').ended;
    expect(report).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await on(office, 'runs').ended).stdout).toContain('shared');
    expect((await on(laptop, 'verify', 'latest').ended).exitCode).toBe(0);
  });
});

describe('the address of the store', () => {
  it('may stand in the config, and the password elsewhere', async () => {
    const address = new URL(url);
    address.password = '';
    office.write('runbook.config.yaml', `store: ${address.href}\n`);
    const { exitCode, stdout } = await office.start(['runs'], { PGPASSWORD: PASSWORD }).ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('shared');
    const without = await office.start(['runs'], { PGPASSWORD: '' }).ended;
    expect(without.stderr).toMatch(/\[E_STORE_(UNREADABLE|UNREACHABLE)\]/);
    const elsewhere = await office.start(['runs'], { RUNBOOK_STORE: 'typo.db' }).ended;
    expect(elsewhere.stderr).toContain('RUNBOOK_STORE names typo.db');
  });

  it('is never shown with its password when it does not work, not even with --debug', async () => {
    const wrong = url.replace(`:${server.port}/`, ':1/');
    const { exitCode, stdout, stderr } = await office.start(['runs', '--debug'], { RUNBOOK_STORE: wrong }).ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('[E_STORE_UNREACHABLE]');
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(stdout + stderr).not.toContain(secret);
  });
});
