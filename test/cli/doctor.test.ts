// What doctor finds, each with how to mend it. Clerk is a server of this machine.
import { chmodSync, existsSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctor } from '../../engine/cli/commands/doctor.ts';
import { run } from '../../engine/cli/commands/run.ts';
import { checkNode } from '../../engine/cli/doctor/node.ts';
import { installGate } from '../../engine/run/gate.ts';
import { Place } from './cli.ts';
import { Folder } from './in-process.ts';

const KEY = 'sk_test_abcdefghijklmnopqrstuvwxyz0123456789';
const PLAYBOOK = `apiVersion: runbook/v1
name: by-hand
title: By hand
category: data
severity: P3
requires: { env: [REGION] }
steps:
  - id: look
    title: Look
    manual: Look.
`;

interface Answer {
  status: number;
  date: string;
  seen: { method: string | undefined; url: string | undefined; authorization: string | undefined }[];
}

let folder: Folder;
let server: Server;
let answer: Answer;
let url: string;
let uninstall: () => void;

beforeEach(async () => {
  uninstall = installGate();
  folder = new Folder();
  answer = { status: 200, date: new Date().toUTCString(), seen: [] };
  server = createServer((request, response) => {
    answer.seen.push({
      method: request.method,
      url: request.url,
      authorization: request.headers.authorization,
    });
    response.writeHead(answer.status, { date: answer.date, 'content-type': 'application/json' });
    response.end(JSON.stringify({ object: 'instance', id: 'ins_1', environment_type: 'development' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening server has an address with a port.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  uninstall();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await folder.remove();
});

interface Found {
  readonly about: string;
  readonly level: string;
  readonly text: string;
  readonly mend?: string;
}

async function look(options: { readonly offline?: boolean } = {}): Promise<{ exitCode: number; all: Found[] }> {
  const { exitCode, stdout } = await folder.call((app) => doctor(app, options), { json: true });
  const { findings, ok }: { findings: Found[]; ok: boolean } = JSON.parse(stdout);
  expect(ok).toBe(exitCode === 0);
  return { exitCode: exitCode ?? -1, all: findings };
}
const about = (all: readonly Found[], what: string): readonly Found[] => all.filter((found) => found.about === what);

function withKey(key = KEY): void {
  folder.write('key', `${key}\n`);
  folder.write(
    'runbook.config.yaml',
    `environment: local
environments: { local: { variables: { CLERK_API_URL: "${url}" } } }
secrets: { CLERK_SECRET_KEY: "file:key" }
`,
  );
}

async function makeStore(): Promise<string> {
  folder.write('by-hand.yaml', PLAYBOOK.replace('requires: { env: [REGION] }\n', ''));
  await folder.call((app) => run(app, 'by-hand.yaml', {}));
  await (await folder.journal()).close();
  return join(folder.path, '.runbook', 'runs.db');
}

const GUARDED = `apiVersion: runbook/v1
name: guarded
title: Guarded
category: data
severity: P3
steps:
  - { id: act, title: Act, manual: Act., approval: { role: legal } }
`;

describe('runbook doctor', () => {
  it('finds nothing broken in a new project, makes nothing, and says what it did not look at', async () => {
    const { exitCode, all } = await look();
    expect(exitCode).toBe(0);
    expect(all.map(({ level }) => level)).not.toContain('broken');
    expect(about(all, 'clerk')).toMatchObject([
      { level: 'skipped', text: expect.stringContaining('CLERK_SECRET_KEY') },
    ]);
    expect(about(all, 'contacts')).toMatchObject([{ level: 'skipped' }]);
    expect(about(all, 'node')[0]?.text).toContain(process.versions.node);
    expect(existsSync(join(folder.path, '.runbook'))).toBe(false);
    for (const { level, mend } of all) if (level === 'warning' || level === 'broken') expect(mend).toBeTruthy();
  });

  it('prints lines for people, with the way to mend each problem under it', async () => {
    folder.write('playbooks/by-hand.yaml', PLAYBOOK);
    const { exitCode, stdout } = await folder.call((app) => doctor(app, { offline: true }));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/warning {2}playbooks {2}by-hand requires `REGION`/);
    expect(stdout).toMatch(/mend: Set it in the environment/);
    expect(stdout).toMatch(/\n0 broken, \d+ to look at\.$/);
  });

  it('tells a Node that is too old', () => {
    expect(checkNode('24.1.0').level).toBe('ok');
    expect(checkNode('22.18.0').level).toBe('ok');
    for (const version of ['20.19.4', '22.17.9'])
      expect(checkNode(version)).toMatchObject({ level: 'broken', mend: expect.stringContaining('22.18') });
  });
});

describe('the store', () => {
  it('is told with its size, its runs, and the room it has', async () => {
    await makeStore();
    const { exitCode, all } = await look();
    expect(exitCode).toBe(0);
    const texts = about(all, 'store').map(({ text }) => text);
    expect(texts[0]).toMatch(/runs\.db: SQLite 3\.\d+\.\d+, \d+\.\d MB, 1 run, 1 unfinished/);
    const { bavail, bsize } = statfsSync(folder.path);
    expect(texts.some((text) => /\d+ MB are free/.test(text))).toBe(bavail * bsize > 0);
    expect(texts).toContain('Nobody else may read it');
  });

  it('that others may read is told with the command that mends it', async () => {
    const file = await makeStore();
    chmodSync(file, 0o644);
    const { exitCode, all } = await look();
    expect(exitCode).toBe(0);
    expect(all).toContainEqual(
      expect.objectContaining({ level: 'warning', text: expect.stringContaining('644'), mend: `chmod 600 ${file}` }),
    );
  });

  it.each([
    ['no database', (file: string) => writeFileSync(file, 'x'.repeat(5_000)), /not a SQLite database/],
    ['another program’s', (file: string) => sql(file, 'PRAGMA application_id = 7'), /another program/],
    ['of a newer version', (file: string) => sql(file, 'PRAGMA user_version = 99'), /needs runbook/],
    ['damaged', (file: string) => overwritePage(file), /damaged/],
  ])('that is %s is broken, and the way out is said', async (_what, damage, text) => {
    damage(await makeStore());
    const { exitCode, all } = await look();
    expect(exitCode).toBe(1);
    const broken = about(all, 'store').filter(({ level }) => level === 'broken');
    expect(broken[0]?.text).toMatch(text);
    for (const { mend } of broken) expect(mend).toBeTruthy();
  });
});

function sql(file: string, text: string): void {
  const handle = new Database(file);
  handle.exec(text);
  handle.close();
}

/** A page of a table's own, not the header: SQLite opens the file. */
function overwritePage(file: string): void {
  const handle = new Database(file);
  handle.pragma('wal_checkpoint(TRUNCATE)');
  const page = Number(handle.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'leases'`).pluck().get());
  const size = Number(handle.pragma('page_size', { simple: true }));
  const bytes = handle.serialize();
  handle.close();
  bytes.fill(0xff, (page - 1) * size, page * size);
  writeFileSync(file, bytes);
}

describe('the project', () => {
  it('with a config that is not valid is told with its place, and all else is looked at', async () => {
    folder.write('runbook.config.yaml', 'protekt: {}\n');
    const { exitCode, all } = await look();
    expect(exitCode).toBe(1);
    expect(about(all, 'config')).toMatchObject([{ level: 'broken', text: expect.stringContaining('protekt') }]);
    expect(about(all, 'playbooks')[0]?.level).toBe('ok');
  });

  it('with contacts that are not valid, or that name nobody next, is told', async () => {
    folder.write('runbook.config.yaml', 'contacts: who.yaml\n');
    folder.write('who.yaml', 'people: { ana: { name: Ana } }\n');
    expect(about((await look()).all, 'contacts')).toMatchObject([{ level: 'broken' }]);
    folder.write('who.yaml', 'people: { ana: { name: Ana, slack: "@ana" } }\n');
    expect(about((await look()).all, 'contacts')).toMatchObject([{ level: 'warning', mend: expect.any(String) }]);
    folder.write(
      'who.yaml',
      `people: { ana: { name: Ana, slack: "@ana" } }
escalation: [{ level: 1, contacts: [ana], afterMinutes: 15 }]
`,
    );
    expect(about((await look()).all, 'contacts')).toMatchObject([
      { level: 'ok', text: expect.stringContaining('1 person') },
    ]);
  });

  it('with an approval in a role that no contact has is told, for nobody could give it', async () => {
    folder.write('runbook.config.yaml', 'contacts: who.yaml\n');
    folder.write('playbooks/guarded.yaml', GUARDED);
    const told = async (contacts: string) => {
      folder.write('who.yaml', contacts);
      return about((await look()).all, 'playbooks').filter(({ text }) => text.includes('in the role'));
    };
    expect(await told('people: { ana: { name: Ana, slack: "@ana", roles: [operator] } }\n')).toMatchObject([
      { text: expect.stringContaining('breach-response needs an approval in the role security') },
      {
        level: 'warning',
        text: 'guarded needs an approval in the role legal (`act`), which no contact has: nobody could give it',
        mend: 'Write legal under the `roles` of somebody in the contacts file',
      },
      { text: expect.stringContaining('leaked-secret-key needs an approval in the role security') },
    ]);
    expect(await told('people: { ana: { name: Ana, slack: "@ana", roles: [legal, security] } }\n')).toEqual([]);
    // Nobody has a role: roles are what people say of themselves.
    expect(await told('people: { ana: { name: Ana, slack: "@ana" } }\n')).toEqual([]);
  });

  it('with a playbook that is not valid is told with the command that shows why', async () => {
    folder.write('playbooks/odd.yaml', 'name: odd\n');
    const { exitCode, all } = await look();
    expect(exitCode).toBe(1);
    const broken = about(all, 'playbooks').find(({ level }) => level === 'broken');
    expect(broken).toMatchObject({
      text: expect.stringContaining('playbooks/odd.yaml is not valid'),
      mend: 'runbook validate playbooks/odd.yaml',
    });
  });
});

describe('secrets and Clerk', () => {
  it('are well: the key is there, and the instance it is of is named by one harmless read', async () => {
    withKey();
    const { exitCode, all } = await look();
    expect(exitCode).toBe(0);
    expect(about(all, 'secrets')).toMatchObject([
      { level: 'ok', text: expect.stringContaining('a test key') },
      {
        level: 'skipped',
        text: 'CLERK_PLATFORM_TOKEN is not set. `breach-response`, `leaked-secret-key` can be started without it, and use it in some steps',
      },
    ]);
    expect(about(all, 'clerk')).toMatchObject([{ level: 'ok', text: expect.stringContaining('ins_1, development') }]);
    expect(about(all, 'clock')).toMatchObject([{ level: 'ok' }]);
    expect(answer.seen).toEqual([{ method: 'GET', url: '/v1/instance', authorization: `Bearer ${KEY}` }]);
  });

  it('a key that Clerk refuses is broken; the key itself is printed nowhere', async () => {
    withKey();
    answer.status = 401;
    const { exitCode, all } = await look();
    expect(exitCode).toBe(1);
    expect(about(all, 'clerk')).toMatchObject([{ level: 'broken', mend: expect.stringContaining('dashboard') }]);
    const { stdout, stderr } = await folder.call((app) => doctor(app, {}));
    expect(stdout + stderr).not.toContain(KEY);
  });

  it('a key that was cut or pasted wrong is broken before anybody is asked', async () => {
    withKey('pk_test_abcdefghij');
    const { exitCode, all } = await look({ offline: true });
    expect(exitCode).toBe(1);
    expect(about(all, 'secrets')[0]).toMatchObject({ level: 'broken', text: expect.stringContaining('publishable') });
    expect(answer.seen).toEqual([]);
    expect(about(all, 'clerk')).toMatchObject([{ level: 'skipped' }]);
  });

  it('a Clerk that cannot be reached, or is unwell, is to be looked at', async () => {
    withKey();
    answer.status = 503;
    expect(about((await look()).all, 'clerk')).toMatchObject([
      { level: 'warning', text: expect.stringContaining('503') },
    ]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const { exitCode, all } = await look();
    expect(exitCode).toBe(0);
    expect(about(all, 'clerk')).toMatchObject([
      { level: 'warning', text: expect.stringContaining('cannot be reached') },
    ]);
    server.listen(0);
  });

  it.each([
    ['ahead of', -60_000],
    ['behind', 3_600_000],
  ])('a clock %s Clerk’s is told with how far', async (word, offsetMs) => {
    withKey();
    answer.date = new Date(Date.now() + offsetMs).toUTCString();
    const clock = about((await look()).all, 'clock');
    expect(clock).toMatchObject([{ level: 'warning', text: expect.stringContaining(`s ${word} Clerk's`) }]);
    const seconds = Number(/is (\d+) s/.exec(clock[0]?.text ?? '')?.[1]);
    expect(Math.abs(seconds - Math.abs(offsetMs) / 1_000)).toBeLessThan(10);
  });

  it('a secret that is not there is told with the playbooks that need it', async () => {
    const missing = about((await look()).all, 'secrets').find(({ level }) => level === 'warning');
    expect(missing).toMatchObject({
      text: expect.stringMatching(/CLERK_SECRET_KEY is not set.*breach-response/),
      mend: expect.any(String),
    });
  });
});

it('as a process, doctor works where the config says where things are and is wrong', async () => {
  const place = new Place();
  try {
    place.write('runbook.config.yaml', 'store: 7\nplaybooks: [a]\nodd: 1\n');
    const { exitCode, stdout } = await place.runbook('doctor', '--offline');
    expect(stdout).toContain('broken   config');
    expect(exitCode).toBe(1);
  } finally {
    place.remove();
  }
});
