import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { resolveAnswers } from '../../engine/drill/answers.ts';
import { loadScenario, parseScenario } from '../../engine/drill/scenario.ts';
import { RunbookError } from '../../engine/errors.ts';
import { scenarioWith, startTestWorld } from './helpers.ts';

const DRILLS = resolve(import.meta.dirname, '../../playbooks/drills');

function refusal(text: string): RunbookError {
  try {
    parseScenario(text, 'bad.yaml');
  } catch (error) {
    if (error instanceof RunbookError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

const HEAD = 'apiVersion: runbook/v1\nkind: Scenario\nname: x\ntitle: X\nplaybook: p\nseed: 1\nalert: a\n';

test.each(readdirSync(DRILLS))('the drill %s is valid and named for its file', (file) => {
  const scenario = loadScenario(resolve(DRILLS, file));
  expect(`${scenario.name}.yaml`).toBe(basename(file));
});

test('what is left out gets its default', () => {
  const scenario = parseScenario(`${HEAD}world: { users: 5 }\n`, 'x.yaml');
  expect(scenario.world).toMatchObject({
    instance: { environment: 'production' },
    compromised: { count: 0, from: { country: 'IS' } },
    choices: { revokeEnded: 'accept', lockSeconds: 3600 },
  });
  expect(scenario.answers).toEqual({ inputs: {}, steps: {}, approvals: [] });
  expect(scenario.success).toMatchObject({ passMark: 80, maxMissed: 0 });
});

test('every mistake is told with its line and column', () => {
  const error = refusal(
    `${HEAD}world:\n  users: 0\n  colour: red\nfaults:\n  - { match: { path: /v1 }, kind: flood }\n`,
  );
  expect(error.code).toBe('E_SCENARIO_INVALID');
  expect(error.message).toContain('bad.yaml:9:10: world.users must be >= 1');
  expect(error.message).toContain("world: unknown field 'colour'");
  expect(error.message).toContain('faults.0.kind must be equal to one of the allowed values: latency, error');
});

test('a file that is no YAML, or is not there, is told so', () => {
  expect(refusal(`${HEAD}seed: 2\n`)).toMatchObject({ code: 'E_SCENARIO_SYNTAX', location: { line: 8 } });
  expect(() => loadScenario('/nowhere/x.yaml')).toThrow(expect.objectContaining({ code: 'E_SCENARIO_NOT_READABLE' }));
});

test('a population that does not fit is refused', () => {
  expect(refusal(`${HEAD}world: { users: 5, compromised: { count: 5 }, decoys: 1 }\n`).message).toContain(
    'do not fit into 5 users',
  );
  expect(refusal(`${HEAD}world: { users: 5, compromised: { indexes: [9] } }\n`).message).toContain(
    'below the number of users',
  );
  expect(refusal(`${HEAD}world: { users: 9, compromised: { count: 1, bannedBefore: 2 } }\n`).message).toContain(
    'of 1 compromised',
  );
});

test('$compromised becomes the ids of this world, only where it is the whole value', () => {
  const { answers } = scenarioWith(
    {},
    { answers: { steps: { confirm: { fields: { users: '$compromised', text: 'not $compromised' } } } } },
  );
  const resolved = resolveAnswers(answers, { compromised: ['user_a'], decoys: [] });
  expect(resolved.steps.confirm?.fields).toEqual({ users: ['user_a'], text: 'not $compromised' });
});

test('the breach drill answers every manual step that its world leads to, and the approvals of others', async () => {
  const world = await startTestWorld({ scenario: loadScenario(resolve(DRILLS, 'breach-response.yaml')) });
  expect(Object.keys(world.answers.steps)).toEqual([
    'confirm',
    'reset_keys',
    'verification',
    'notify_users',
    'review_logs',
    'document',
  ]);
  expect(world.answers.steps.confirm?.fields.users).toEqual(world.ground.compromised);
  expect(world.answers.approvals).toMatchObject([{ step: '*', role: 'security', decision: 'approve' }]);
  const live = world
    .facts()
    .concerned.filter(({ role }) => role === 'compromised')
    .map(({ liveSessions }) => liveSessions);
  expect(live.filter((count) => count >= 25)).toHaveLength(2);
});
