// "A drill killed at any moment resumes into the same world and ends with the same score", with an attacker at work.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunEvent } from '../../engine/run/events.ts';
import { drill, type Ending, type Folder, makeFolder, readEnding } from './drill.ts';

const scenario = new URL('../fixtures/drills/containment-attacked.yaml', import.meta.url).pathname;
const COMMAND = ['drill', '--scenario', scenario, '--yes', '--json'];
const folders: Folder[] = [];
/** Ends sessions, then bans: small, so that nothing else can fail here. */
const PLAYBOOK = `apiVersion: runbook/v1
name: contain
title: Contain
category: security
severity: P1
symptoms: [Strange sign-ins]
requires: { secrets: [CLERK_SECRET_KEY] }
inputs:
  users: { type: array, items: { type: string }, description: Which accounts }
steps:
  - id: revoke
    title: End their sessions
    uses: clerk.revoke-sessions
    with: { users: "\${{ inputs.users }}" }
    approval: { none: Containment must not wait }
  - id: ban
    title: Lock them
    uses: clerk.ban-users
    with: { users: "\${{ inputs.users }}" }
    approval: { by: 1, role: security }
`;
const folder = (): Folder => {
  const made = makeFolder();
  mkdirSync(join(made.path, 'playbooks'));
  writeFileSync(join(made.path, 'playbooks', 'contain.yaml'), PLAYBOOK);
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) made.remove();
});

/** The score without its times: those of two drills are never the same. */
function scoreOf({ state, world }: Ending): unknown {
  const { containedAt: _, timeToContainMs: __, ...score } = state.score ?? {};
  return { score, keys: world.keys?.attackerApiKeys.map(({ id }) => id) };
}

let whole: Ending;
beforeAll(async () => {
  const made = folder();
  const outcome = await drill(made, COMMAND);
  expect(outcome.stderr).toBe('');
  whole = await readEnding(made);
  // Otherwise the kills below prove nothing: the attacker's two API keys are left, and cost points.
  expect(whole.world.keys?.attackerApiKeys).toHaveLength(2);
  expect(JSON.stringify(whole.state.score)).toContain('api-keys');
}, 120_000);

const MOMENTS: readonly (readonly [string, (event: RunEvent) => boolean])[] = [
  ['before the first revoke', (event) => event.type === 'attempt.started' && event.step === 'revoke'],
  ['in the middle of the revokes', (event) => event.type === 'change.settled' && event.step === 'revoke'],
  ['when the ban is asked for', (event) => event.type === 'approval.requested'],
  ['when the ban is done', (event) => event.type === 'change.settled' && event.step === 'ban'],
];

for (const [moment, when] of MOMENTS) {
  test(`killed ${moment}, it ends with the same score and the attacker has done the same, once`, async () => {
    const made = folder();
    const killed = await drill(made, COMMAND, when);
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const resumed = await drill(made, ['resume', 'latest', '--yes', '--json']);
    expect(resumed.signal, resumed.stderr).toBeNull();
    const ending = await readEnding(made);
    expect(scoreOf(ending)).toEqual(scoreOf(whole));
    expect(ending.comparable).toEqual(whole.comparable);
  }, 120_000);
}
