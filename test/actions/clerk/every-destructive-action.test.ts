// What every action of the family that changes something must bear, run by the real engine against the drill's Clerk:
// wrong inputs, limits, protection, plans, undo. An action without a sample in sample-runs.ts fails here.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtInActions } from '../../../actions/index.ts';
import type { JsonObject } from '../../../engine/action.ts';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import { installGate } from '../../../engine/run/gate.ts';
import type { ProtectRules } from '../../../engine/run/rules.ts';
import { createSecrets } from '../../../engine/run/secrets.ts';
import { ask, must, rows, startTestWorld } from '../../drill/helpers.ts';
import { ofType, openWorld, playbook, type Started, type World } from '../../run/harness.ts';
import { takeBack } from '../../run/undo-world.ts';
import { SAMPLES, type Sample, SCENARIO } from './sample-runs.ts';

const family = builtInActions.filter(({ name, effect }) => name.startsWith('clerk.') && effect !== 'read');
const cases = family.flatMap(({ name }): [string, Sample][] => {
  const sample = SAMPLES[name];
  return sample === undefined ? [] : [[name, sample]];
});

let runs: World;
let uninstall: () => void;
beforeEach(async () => {
  uninstall = installGate();
  runs = await openWorld(...family);
});
afterEach(async () => {
  uninstall();
  await runs.close();
});

async function drillFor(sample: Sample): Promise<DrillWorld> {
  const world = await startTestWorld({ scenario: SCENARIO });
  await sample.prepare?.(world);
  return world;
}

const NOBODY: ProtectRules = { ids: [], emails: [], domains: [], metadata: [] };

function step(uses: string, input: JsonObject, approval = 'none: a test'): string {
  return playbook(
    `  - { id: act, title: Act, uses: ${uses}, approval: { ${approval} }, with: ${JSON.stringify(input)} }\n`,
  );
}

function start(
  world: DrillWorld,
  yaml: string,
  rules: { readonly limits?: { readonly [kind: string]: number }; readonly protect?: readonly string[] } = {},
): Promise<Started> {
  const { limits = {}, protect = [] } = rules;
  return runs.start(yaml, {
    env: world.env,
    engine: { rules: { limits, protect: { ...NOBODY, ids: [...protect] } } },
  });
}

/** Requests that were to change something, those of `stateOf` apart. */
function changesSent(world: DrillWorld): number {
  return world.changeRequests().filter(({ path }) => path !== '/v1/instance/restrictions').length;
}

/** What can be changed in this world, and what of it an undo can restore. */
async function stateOf(world: DrillWorld): Promise<{ readonly marks: unknown; readonly lost: unknown }> {
  const { concerned, keys } = world.facts();
  const known = concerned.filter(({ role }) => role !== 'innocent');
  const listed = rows(
    await ask(world, 'GET', `/v1/users?limit=500${known.map(({ id }) => `&user_id=${id}`).join('')}`),
  );
  const blocklist = (await ask(world, 'GET', '/v1/blocklist_identifiers')).body as JsonObject;
  const marks = {
    users: known.map(({ id, banned, locked, passwordCompromised }) => ({ id, banned, locked, passwordCompromised })),
    metadata: listed.map(({ id, private_metadata, public_metadata }) => ({ id, private_metadata, public_metadata })),
    phoneFactors: listed.flatMap(({ phone_numbers: phones }) =>
      (phones as JsonObject[]).map(({ id, reserved_for_second_factor: reserved }) => ({ id, reserved })),
    ),
    blocked: (blocklist.data as JsonObject[]).map(({ identifier }) => identifier).sort(),
    protect: (await ask(world, 'GET', '/v1/instance/protect')).body,
    restrictions: (await ask(world, 'PATCH', '/v1/instance/restrictions', {})).body,
  };
  const sessions = known.map(({ id, liveSessions }) => ({ id, liveSessions }));
  const effects = known.map((one) => one.effects.length);
  return { marks, lost: { sessions, effects, keys, secretKey: world.secretKey } };
}

test('every action that changes something has a sample', () => {
  expect(family.map(({ name }) => name).filter((name) => SAMPLES[name] === undefined)).toEqual([]);
  expect(Object.keys(SAMPLES).filter((name) => !family.some((action) => action.name === name))).toEqual([]);
});

test.for(cases)('%s refuses wrong inputs before any call', async ([name, sample]) => {
  const world = await startTestWorld({ scenario: SCENARIO });
  expect(sample.wrong.length).toBeGreaterThan(0);
  for (const input of sample.wrong) {
    await expect(async () => start(world, step(name, input)), JSON.stringify(input)).rejects.toThrow();
  }
  expect(world.requests()).toEqual([]);
});

test.for(cases)('%s asks before it goes over a limit, and sends nothing until then', async ([name, sample]) => {
  const world = await drillFor(sample);
  const before = await stateOf(world);
  const sent = changesSent(world);
  const { end, runId } = await start(world, step(name, sample.input(world)), { limits: { [sample.kind]: 0 } });
  expect(end.status).toBe('waiting');
  const [request] = ofType(await runs.events(runId), 'approval.requested');
  expect(request?.data.limits).toMatchObject([{ kind: sample.kind, limit: 0 }]);
  expect(changesSent(world)).toBe(sent);
  expect(await stateOf(world)).toEqual(before);
});

test.for(cases)('%s leaves what is protected as it is', async ([name, sample]) => {
  const world = await drillFor(sample);
  const before = await stateOf(world);
  const sent = changesSent(world);
  const { id, hasOthers } = await sample.protect(world);
  const { runId, state } = await start(world, step(name, sample.input(world)), { protect: [id] });
  const changes = [...(state.changes.get('act')?.values() ?? [])];
  expect(changes.filter(({ outcome }) => outcome === 'protected').length, runId).toBeGreaterThan(0);
  if (hasOthers)
    expect(
      world
        .changeRequests()
        .slice(sent)
        .filter(({ path }) => path.includes(id)),
    ).toEqual([]);
  else expect(changesSent(world)).toBe(sent);
  const touched = changes.filter((change) => change.id === id || change.owner?.id === id);
  expect(touched.filter(({ outcome }) => outcome !== 'protected')).toEqual([]);
  if (hasOthers) expect(changes.some(({ outcome }) => outcome === 'done')).toBe(true);
  else expect(await stateOf(world)).toEqual(before);
  const mine = (facts: DrillWorld) => facts.facts().concerned.find((one) => one.id === id)?.effects.length ?? 0;
  if (sample.kind === 'user' && sample.prepare === undefined) expect(mine(world)).toBe(0);
});

test.for(cases)('a plan of %s names its targets and changes nothing', async ([name, sample]) => {
  const world = await drillFor(sample);
  const before = await stateOf(world);
  const sent = changesSent(world);
  const { end, runId } = await start(world, step(name, sample.input(world), 'by: 1'));
  expect(end.status).toBe('waiting');
  const [request] = ofType(await runs.events(runId), 'approval.requested');
  expect(must(request).data.targets?.length ?? 0).toBeGreaterThan(0);
  expect(changesSent(world)).toBe(sent);
  expect(await stateOf(world)).toEqual(before);
});

test.for(cases)('what %s did is taken back, or said to be lost', async ([name, sample]) => {
  const world = await drillFor(sample);
  const before = await stateOf(world);
  const yaml = step(name, sample.input(world));
  const { end, runId } = await start(world, yaml);
  expect(end.status).toBe('done');
  const after = await stateOf(world);
  if (sample.isTraceless !== true) expect(after).not.toEqual(before);
  const plan = runs.compile(yaml);
  const back = (isUnchecked: boolean) =>
    takeBack(runs, runId, {
      plan,
      isUnchecked,
      engine: { env: world.env, secrets: createSecrets({ env: world.env, onResolved: () => undefined }) },
    });
  const whyLeft = async (isUnchecked: boolean): Promise<ReadonlySet<unknown>> => {
    const { state } = await back(isUnchecked);
    const changes = [...(state.changes.get('act')?.values() ?? [])].filter(({ outcome }) => outcome === 'done');
    return new Set(changes.map((change) => (change.undone === undefined ? change.leftWhy : 'restored')));
  };
  const isUndoable = family.find((action) => action.name === name)?.isUndoable === true;
  expect(isUndoable).toBe(sample.undo !== 'cannot');
  if (sample.undo === 'cannot') {
    expect(await whyLeft(false)).toEqual(new Set(['no-inverse']));
    expect(await stateOf(world)).toEqual(after);
    return;
  }
  if (sample.undo === 'unchecked') {
    expect(await whyLeft(false)).toEqual(new Set(['not-checkable']));
    expect(await stateOf(world)).toEqual(after);
    expect(await whyLeft(true)).toEqual(new Set(['restored']));
  } else expect(await whyLeft(false)).toContain('restored');
  expect((await stateOf(world)).marks).toEqual(before.marks);
});
