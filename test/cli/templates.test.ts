// Templates of a project: found before the engine's own, checked at review, pinned with a run.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { done } from '../../engine/cli/commands/done.ts';
import { plan } from '../../engine/cli/commands/plan.ts';
import { resume } from '../../engine/cli/commands/resume.ts';
import { run } from '../../engine/cli/commands/run.ts';
import { validate } from '../../engine/cli/commands/validate.ts';
import { installGate } from '../../engine/run/gate.ts';
import { serve } from '../actions/local-server.ts';
import { Folder } from './in-process.ts';

let folder: Folder;
let uninstall: () => void;
let url: string;
let texts: string[];
beforeEach(async () => {
  uninstall = installGate();
  folder = new Folder();
  texts = [];
  url = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      texts.push(JSON.parse(body).text);
      response.end('ok');
    });
  });
});
afterEach(async () => {
  uninstall();
  await folder.remove();
});

/** Waits for a person, then tells. */
function write(fields: string): void {
  folder.write(
    'playbooks/tells.yaml',
    `apiVersion: runbook/v1
name: tells
title: Tells
category: outage
severity: P3
inputs:
  which: { type: string, default: other }
steps:
  - { id: look, title: Look, manual: Look. }
  - id: tell
    title: Tell
    uses: notify.webhook
    with: { title: T, url: "${url}", ${fields} }
`,
  );
}

const start = () => folder.call((app) => run(app, 'tells', { yes: true }));
const goOn = async (options: Parameters<typeof resume>[2] = {}) => {
  await folder.call((app) => done(app, 'latest', 'look', {}));
  return folder.call((app) => resume(app, 'latest', options));
};

test("the project's template stands before the engine's own", async () => {
  write('data: { impact: X }');
  folder.write('templates/notify/update-team.txt.hbs', 'Ours: {{data.impact}}');
  await start();
  expect((await goOn()).exitCode).toBe(0);
  expect(texts).toEqual(['Ours: X']);
});

test('a template that a step names is pinned: a change since is told, and not taken', async () => {
  write('template: mine');
  folder.write('templates/mine.txt.hbs', 'Before {{title}}');
  await start();
  folder.write('templates/mine.txt.hbs', 'After {{title}}');
  const resumed = await goOn();
  expect(resumed.stderr).toContain('templates/mine.txt.hbs: changed, or gone, since this run started');
  expect(texts).toEqual(['Before T']);
});

test("so is the default text: the engine's own, where the project adds one in its place later", async () => {
  write('data: { impact: X }');
  await start();
  folder.write('templates/notify/update-team.txt.hbs', 'Ours');
  await goOn();
  expect(texts).toEqual([expect.stringMatching(/^Impact: X\nStill under way as /)]);
});

test('a form that is added to a pinned template later is not taken either', async () => {
  write('template: mine');
  folder.write('templates/mine.txt.hbs', 'Text');
  await start();
  folder.write('templates/mine.json.hbs', '{"text": "JSON"}');
  await goOn();
  expect(texts).toEqual(['Text']);
});

test('adopting a changed playbook adopts its templates as they are now', async () => {
  write('template: mine');
  folder.write('templates/mine.txt.hbs', 'Before');
  await start();
  write('template: mine, severity: P2');
  folder.write('templates/mine.txt.hbs', 'After');
  await goOn({ adopt: true, reason: 'we learnt more', yes: true });
  expect(texts).toEqual(['After']);
});

test('one whose name is only known in the run is read when it is used', async () => {
  write('template: "${{ inputs.which }}"');
  await start();
  folder.write('templates/other.txt.hbs', 'Other');
  await goOn();
  expect(texts).toEqual(['Other']);
});

test.for([
  ['is not there', 'template: no-such', undefined, /There is no template no-such\.\*/, 'E_TEMPLATE_UNKNOWN'],
  [
    'is not valid',
    'template: mine',
    '{{#if x}}',
    /templates\/mine\.txt\.hbs is not a valid template/,
    'E_TEMPLATE_INVALID',
  ],
] as const)(
  'a template that %s is found at review, and before there is a run',
  async ([, fields, text, message, code]) => {
    write(fields);
    if (text !== undefined) folder.write('templates/mine.txt.hbs', text);
    const reviewed = await folder.call((app) => validate(app, ['tells'], {}), { json: true });
    expect(reviewed.exitCode).toBe(2);
    const { problems } = JSON.parse(reviewed.stdout);
    expect(problems).toMatchObject([{ file: 'playbooks/tells.yaml', code, message: expect.stringMatching(message) }]);
    expect(problems[0].line).toBeGreaterThan(10);
    const started = await start();
    expect(started.stderr).toMatch(message);
    expect(await (await folder.journal()).runs()).toEqual([]);
  },
);

test('a plan renders them as they are, and sends nothing', async () => {
  write('template: mine');
  folder.write('templates/mine.txt.hbs', '{{nothing}}');
  const planned = await folder.call((app) => plan(app, 'tells', {}));
  expect(planned.stdout).toContain('templates/mine.txt.hbs:1:3 reads nothing, which it is not given');
  expect(texts).toEqual([]);
});
