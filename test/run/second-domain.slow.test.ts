// A second domain, a plain web service, written with the generic actions alone: playbooks and scripts are files of a
// project (test/fixtures/second-domain), the service runs on loopback.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import { createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import { parseConfig } from '../../engine/project/config.ts';
import { installGate } from '../../engine/run/gate.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { openWorld, type Started, type World } from './harness.ts';
import { type NodeFile, startWebService, type WebService } from './web-service.ts';

const FIXTURE = new URL('../fixtures/second-domain/', import.meta.url);
const [playbookSchema, configSchema] = ['playbook', 'config'].map((name) =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')),
);
const genericActions = builtInActions.filter((action) => /^(env|http|shell)\.|^wait$/.test(action.name));

const NAMES = ['nodes-degraded', 'restart-node'];
const textOf = (name: string): string => readFileSync(new URL(`playbooks/${name}.yaml`, FIXTURE), 'utf8');

let project: string;
let before: string;
let world: World;
let uninstall: () => void;
let service: WebService;
/** Steps that asked for an approval. */
let asked: string[];

beforeEach(async () => {
  before = process.cwd();
  project = mkdtempSync(join(tmpdir(), 'second-domain-'));
  cpSync(FIXTURE, project, { recursive: true });
  // As a terminal would be: scripts are looked for in the project a command is typed in.
  process.chdir(project);
  uninstall = installGate();
  world = await openWorld(...genericActions);
  for (const name of NAMES) world.playbooks.set(name, textOf(name));
  asked = [];
});
afterEach(async () => {
  uninstall();
  process.chdir(before);
  await world.close();
  await service?.close();
  rmSync(project, { recursive: true });
});

/** Takes every default; a lead approves. */
const people: People = {
  ...nobody,
  manual: async ({ defaults }) => ({ kind: 'answered', actor: 'person:ana', fields: defaults }),
  approval: async ({ path }) => {
    asked.push(path);
    return { kind: 'given', actor: 'person:lea', role: 'lead' };
  },
};

async function run(nodes: { readonly [name: string]: Partial<NodeFile> }, by: Partial<People> = {}): Promise<Started> {
  service = await startWebService(project, nodes);
  return start(by);
}

function start(by: Partial<People> = {}): Promise<Started> {
  const inputs = { balancer: service.url };
  return world.start(textOf('nodes-degraded'), { inputs, people: { ...people, ...by } });
}

const degraded = { status: 'degraded' } as const;

test('its playbooks validate without a warning', () => {
  const compilePlaybook = createPlaybookCompiler({ playbookSchema });
  const read = (name: string) => ({ text: textOf(name), file: `playbooks/${name}.yaml` });
  for (const name of NAMES) {
    const playbooks = { names: () => NAMES, read };
    const { plan, diagnostics } = compilePlaybook({ ...read(name), actions: world.actions, playbooks });
    expect([plan?.name, diagnostics]).toEqual([name, []]);
  }
});

test('its config is valid and limits how many nodes a run may touch', () => {
  const file = { text: readFileSync(new URL('runbook.config.yaml', FIXTURE), 'utf8'), file: 'runbook.config.yaml' };
  expect(parseConfig(file, configSchema).rules.limits).toEqual({ node: 2 });
});

test('restarts the node that is not healthy, out of traffic, and tells the team', async () => {
  const { end, state } = await run({ 'web-1': {}, 'web-2': degraded, 'web-3': {} });
  expect(end.status).toBe('done');
  expect(state.outputs).toEqual({ restarted: ['web-2'], rolled_back: [] });
  expect(service.node('web-2')).toMatchObject({ status: 'ok', starts: 2, release: '2.1.0' });
  expect([service.node('web-1').starts, service.node('web-3').starts]).toEqual([1, 1]);
  expect(service.traffic).toEqual(['web-2 draining', 'web-2 in']);
  expect(service.messages).toEqual(['The service answers again']);
  expect(asked).toEqual(['restart[0]/restart']);
});

test('restarts several one after another', async () => {
  const { end, state } = await run({ 'web-1': degraded, 'web-2': degraded, 'web-3': {} });
  expect(end.status).toBe('done');
  expect(state.outputs).toEqual({ restarted: ['web-1', 'web-2'], rolled_back: [] });
  expect(service.traffic).toEqual(['web-1 draining', 'web-1 in', 'web-2 draining', 'web-2 in']);
});

test('changes nothing where every node is healthy', async () => {
  const { end, state } = await run({ 'web-1': {}, 'web-2': {} });
  expect(end.status).toBe('done');
  expect(state.outputs).toEqual({ restarted: [], rolled_back: [] });
  expect([service.traffic, asked]).toEqual([[], []]);
  expect(service.messages).toEqual(['The service answers again']);
});

test('a node whose restart fails twice is rolled back, and the next one has its turn', async () => {
  const { end, state } = await run({ 'web-1': { ...degraded, faults: ['breaks'] }, 'web-2': degraded });
  expect(end.status).toBe('done');
  expect(state.outputs).toEqual({ restarted: ['web-2'], rolled_back: ['web-1'] });
  expect(service.node('web-1')).toMatchObject({ status: 'ok', release: '2.0.0', starts: 4 });
  expect(service.traffic).toEqual(['web-1 draining', 'web-1 in', 'web-2 draining', 'web-2 in']);
  // It may have done half of its work: the ledger does not say that it did nothing.
  expect([...(state.changes.get('restart[0]/restart')?.values() ?? [])]).toMatchObject([
    {
      kind: 'node',
      id: 'web-1',
      verb: 'run',
      outcome: 'unknown',
      error: expect.stringContaining('it did not come up'),
    },
  ]);
});

test('a node that comes up and does not recover is rolled back', async () => {
  const { end, state } = await run({ 'web-1': { ...degraded, faults: ['stays-degraded'] }, 'web-2': {} });
  expect(end.status).toBe('done');
  expect(state.outputs).toEqual({ restarted: [], rolled_back: ['web-1'] });
  expect(service.node('web-1')).toMatchObject({ status: 'ok', release: '2.0.0', starts: 3 });
});

test('a script that says it changed nothing is tried again', async () => {
  const { end, state } = await run({ 'web-1': { ...degraded, faults: ['locked'] }, 'web-2': {} });
  expect(end.status).toBe('done');
  expect(state.outputs).toEqual({ restarted: ['web-1'], rolled_back: [] });
});

test('a node whose restart is denied is neither restarted nor rolled back, and gets back into traffic', async () => {
  const { end, state } = await run(
    { 'web-1': degraded, 'web-2': {} },
    { approval: async () => ({ kind: 'denied', actor: 'person:lea', role: 'lead', reason: 'at peak time' }) },
  );
  expect(end.status).toBe('done');
  expect(state.outputs).toEqual({ restarted: [], rolled_back: [] });
  expect(service.node('web-1')).toMatchObject({ status: 'degraded', starts: 1, release: '2.1.0' });
  expect(service.traffic).toEqual(['web-1 draining', 'web-1 in']);
  expect(service.messages).toEqual(['The service does not answer']);
});

test('a message whose answer was lost is sent again and arrives once', async () => {
  service = await startWebService(project, { 'web-1': {}, 'web-2': {} });
  service.lostAnswers = 2;
  const { end } = await start();
  expect(end.status).toBe('done');
  expect([service.chatCalls, service.messages]).toEqual([3, ['The service answers again']]);
});

test('paused for its approval, it goes on in another process without draining twice', async () => {
  const first = await run({ 'web-1': degraded, 'web-2': {} }, { approval: nobody.approval });
  expect(first.end.status).toBe('waiting');
  expect(service.traffic).toEqual(['web-1 draining']);
  const { end, state } = await world.resume(first.runId, first.plan, { people });
  expect(end.status).toBe('done');
  expect(state.outputs).toEqual({ restarted: ['web-1'], rolled_back: [] });
  expect(service.traffic).toEqual(['web-1 draining', 'web-1 in']);
});

test('more nodes than its limit wait for an approval that says how many', async () => {
  const limits: unknown[] = [];
  const { end } = await run(
    { 'web-1': degraded, 'web-2': degraded, 'web-3': degraded, 'web-4': {} },
    {
      approval: async ({ path, request }) => {
        if (request.limits !== undefined) limits.push([path, request.limits]);
        return { kind: 'given', actor: 'person:lea', role: 'lead' };
      },
    },
  );
  expect(end.status).toBe('done');
  expect(limits).toEqual([['restart[2]/drain', [{ kind: 'node', limit: 2, count: 3 }]]]);
  expect(service.node('web-3')).toMatchObject({ status: 'ok', starts: 2 });
});
