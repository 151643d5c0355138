// The files that people gave with their answers: told of in the report, and given back byte for byte.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { done } from '../../engine/cli/commands/done.ts';
import { evidence } from '../../engine/cli/commands/evidence.ts';
import { redact } from '../../engine/cli/commands/redact.ts';
import { report } from '../../engine/cli/commands/report.ts';
import { run } from '../../engine/cli/commands/run.ts';
import type { RunEvent } from '../../engine/run/events.ts';
import { Folder } from './in-process.ts';

const PLAYBOOK = `apiVersion: runbook/v1
name: by-hand
title: By hand
category: data
severity: P3
steps:
  - { id: look, title: Look at it, manual: Look., evidence: required }
`;
const PICTURE = Uint8Array.from({ length: 3000 }, (_, index) => index % 256);
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

let here: Folder;
beforeEach(async () => {
  here = new Folder();
  here.write('playbooks/by-hand.yaml', PLAYBOOK);
  here.write('one/list.txt', 'user_1\n');
  here.write('two/list.txt', 'user_2\n');
  writeFileSync(join(here.path, 'shot.png'), PICTURE);
  expect((await here.call((app) => run(app, 'by-hand', {}))).exitCode).toBe(3);
  const files = ['shot.png', 'one/list.txt', 'two/list.txt'];
  const answer = await here.call((app) => done(app, 'latest', 'look', { evidence: files }), { as: 'bo' });
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
});
afterEach(() => here.remove());

it('is in the report with name, size and the digest that sha256sum prints', async () => {
  const { stdout } = await here.call((app) => report(app, 'latest', {}));
  expect(stdout).toContain(`- Look at it: shot.png, 3,000 bytes, SHA-256 ${sha256(PICTURE)}, given by bo`);
  expect(stdout).toMatch(/`runbook evidence \w+ --out FOLDER` gets the files back/);
});

it('is listed without a folder, and nothing is written', async () => {
  const { stdout, exitCode } = await here.call((app) => evidence(app, 'latest', undefined, {}));
  expect(exitCode).toBe(0);
  expect(stdout).toContain('shot.png  3,000 bytes\n  Look at it (look), by bo at ');
  expect(stdout).toContain(`  SHA-256 ${sha256('user_1\n')}`);
  expect(stdout).toMatch(/The files: runbook evidence \w+ --out FOLDER$/);
});

it('is written to a folder as it was given; of two files with one name both', async () => {
  const out = await here.call((app) => evidence(app, 'latest', undefined, { out: 'kept/here' }));
  expect(out).toMatchObject({ exitCode: 0, stderr: '' });
  const written = (name: string): Buffer => readFileSync(join(here.path, 'kept/here', name));
  expect(written('shot.png').equals(Buffer.from(PICTURE))).toBe(true);
  expect([written('list.txt').toString(), written('list-2.txt').toString()]).toEqual(['user_1\n', 'user_2\n']);
  const again = await here.call((app) => evidence(app, 'latest', undefined, { out: 'kept/here' }));
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('E_FILE_EXISTS') });
});

it('is chosen by step or by name; a name that is not there is refused with those that are', async () => {
  const byName = await here.call((app) => evidence(app, 'latest', 'shot.png', {}), { json: true });
  expect(JSON.parse(byName.stdout).evidence).toMatchObject([
    { name: 'shot.png', sha256: sha256(PICTURE), problem: null },
  ]);
  const byStep = await here.call((app) => evidence(app, 'latest', 'look', {}), { json: true });
  expect(JSON.parse(byStep.stdout).evidence).toHaveLength(3);
  const wrong = await here.call((app) => evidence(app, 'latest', 'shot.jpg', {}));
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('It has: look, shot.png, list.txt') });
});

it('leads out of no folder, whatever its name in the journal is', async () => {
  const journal = await here.journal();
  const [row] = await journal.runs({ limit: 1 });
  const runId = row?.id ?? '';
  const blob = await journal.putBlob(runId, Buffer.from('x'));
  const name = '../../escaped.txt';
  const data = { fields: {}, evidence: [{ blob, sizeBytes: 1, mediaType: 'text/plain', name }], by: 'eve' };
  await journal.append({
    runId,
    since: 0,
    fence: null,
    drafts: [{ type: 'manual.answered', actor: 'person:eve', step: 'look', data }],
  });
  await here.call((app) => evidence(app, 'latest', name, { out: 'a/b' }));
  expect(existsSync(join(here.path, 'a/b/escaped.txt'))).toBe(true);
  expect(existsSync(join(here.path, 'escaped.txt'))).toBe(false);
});

it('that was erased is told as that, and the others are still there', async () => {
  const answered: RunEvent[] = [];
  const journal = await here.journal();
  const [row] = await journal.runs({ limit: 1 });
  for await (const event of journal.read(row?.id ?? '')) if (event.type === 'manual.answered') answered.push(event);
  const place = { event: answered[0]?.seq ?? 0, path: 'evidence[0]', reason: 'private', yes: true };
  expect(await here.call((app) => redact(app, 'latest', place))).toMatchObject({ exitCode: 0 });
  const out = await here.call((app) => evidence(app, 'latest', undefined, { out: 'kept' }));
  expect(out).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('\n  it was erased\n') });
  expect(readdirSync(join(here.path, 'kept')).sort()).toEqual(['list-2.txt', 'list.txt']);
  expect((await here.call((app) => report(app, 'latest', {}))).stdout).toContain('given by bo; it was erased');
});
