// A playbook with a step removed loses points for exactly that. Where a plan refuses bans nothing but the two steps below
// contains an attack, and neither does the other's work (a ban would end the sessions too).
import { afterAll, expect, it } from 'vitest';
import { Place } from './cli.ts';

const place = new Place();
afterAll(() => place.remove());

const REVOKE = `
  - id: revoke
    title: End their sessions
    uses: clerk.revoke-sessions
    with: { users: "\${{ inputs.users }}" }
    approval: { none: Containment must not wait }`;
const MARK = `
  - id: mark
    title: Mark their passwords
    uses: clerk.compromise-passwords
    with: { users: "\${{ inputs.users }}", revokeSessions: false }
    approval: { none: Containment must not wait }`;

place.write(
  'playbooks/drills/contain.yaml',
  `apiVersion: runbook/v1
kind: Scenario
name: contain
title: Four accounts taken over, on a plan without bans
playbook: contain
seed: 11
alert: Four accounts signed in from one network.
world: { users: 40, compromised: { count: 4 }, choices: { planRefuses: [bans] } }
answers: { inputs: { users: $compromised } }
`,
);

async function topicsWith(steps: string): Promise<readonly string[]> {
  place.write(
    'playbooks/contain.yaml',
    `apiVersion: runbook/v1
name: contain
title: Contain
category: security
severity: P1
symptoms: [Strange sign-ins]
requires: { secrets: [CLERK_SECRET_KEY] }
inputs:
  users: { type: array, items: { type: string }, description: Which accounts }
steps:${steps}
`,
  );
  const { stdout, stderr } = await place.runbook('drill', 'contain', '--yes', '--json');
  const last = stdout.trim().split('\n').at(-1) ?? '';
  expect(last, stderr).toContain('"score"');
  const { score } = JSON.parse(last) as { score: { deductions: readonly { topic: string; read: string }[] } };
  for (const { read } of score.deductions) expect(read).not.toBe('');
  return score.deductions.map(({ topic }) => topic);
}

it('with both steps nothing is lost; without the revoke the live sessions, without the mark the open sign-in', async () => {
  expect(await topicsWith(REVOKE + MARK)).toEqual([]);
  expect(await topicsWith(MARK)).toEqual(['sessions']);
  expect(await topicsWith(REVOKE)).toEqual(['sign-in']);
}, 120_000);

it('sped up, a drill goes through the same and counts the same time', async () => {
  const { exitCode, stdout } = await place.runbook(
    'drill',
    'breach-with-persistence',
    '--yes',
    '--speed',
    '10',
    '--json',
  );
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ score: { passed: true, missed: [] } });
  const compared = await place.runbook('drill', '--compare', 'breach-response', '--json');
  expect(JSON.parse(compared.stdout)).toMatchObject([{ scenario: 'breach-with-persistence', speed: 10, passed: true }]);
}, 120_000);
