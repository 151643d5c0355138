// Plans for the tests of `show` and `graph`: compiled with the real compiler, from playbooks of the test's own.

import { schemaNamed } from '../../engine/cli/resources.ts';
import { createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import type { Plan } from '../../engine/playbook/plan.ts';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';
import { createRunningActions } from '../fixtures/playbooks/running-actions.ts';

const running = createRunningActions().actions.map((action) => [action.name, action] as const);
export const planActions = new Map([...fixtureActions, ...running]);
const compile = createPlaybookCompiler({ playbookSchema: schemaNamed('playbook') });

const CALLED = `apiVersion: runbook/v1
name: called
title: Called
inputs: { number: { type: integer } }
steps:
  - { id: more, title: One more, uses: test.add, with: { a: "\${{ inputs.number }}", b: 1 } }
finally:
  - { id: tidy, title: Tidy up, uses: test.noop }
outputs: { sum: "\${{ steps.more.output.sum }}" }
`;

/** One of everything that a playbook can be made of. */
export const EVERYTHING = `apiVersion: runbook/v1
name: everything
title: One of everything
description: What the parts look like.
category: outage
severity: P1
symptoms: [It is slow]
inputs:
  hosts: { type: array, items: { type: string }, default: [a, b], description: Which hosts }
  ticket: { type: string }
requires: { secrets: [API_KEY], env: [REGION] }
limits: { switch: 5 }
concurrency: one
timeout: 2h
steps:
  - id: look
    title: Look around
    uses: test.find
  - id: act
    title: Act
    when: steps.look.output.count > 0
    parallel: 2
    timeout: 30m
    steps:
      - id: switch
        title: Switch over
        uses: test.switch-on
        with: { id: main }
        temporary: 2h
        retry: { attempts: 3 }
      - id: ban
        title: Ban them
        uses: test.ban
        with: { users: [] }
        approval: { by: 2, role: security, reason: They are locked out }
        onFailure: abort
      - id: ask
        title: Ask "them"
        manual: Is it well?
        evidence: required
        fields: { well: { type: boolean } }
        assert: [output.well]
  - id: each
    title: Each host
    forEach: inputs.hosts
    as: host
    concurrency: 2
    steps:
      - { id: poll, title: Wait for it, uses: test.poll, with: { after: 1 }, until: output.ready, every: 5s, timeout: 5m }
  - id: call
    title: Call another
    playbook: called
    with: { number: 1 }
    onFailure: continue
  - id: purge
    title: Purge
    uses: test.ban
    with: { users: [] }
    approval: { none: It cannot wait }
finally:
  - id: tell
    title: Tell everybody
    manual: Tell them.
outputs: { hosts: "\${{ inputs.hosts }}" }
`;

/** @throws where it does not compile. */
export function planOf(text: string, file = 'everything.yaml'): Plan {
  const { plan, diagnostics } = compile({
    text,
    file,
    actions: planActions,
    playbooks: { names: () => ['called'], read: () => ({ text: CALLED, file: 'called.yaml' }) },
  });
  if (plan === undefined) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n'));
  return plan;
}
