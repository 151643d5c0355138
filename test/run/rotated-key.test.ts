// A secret is read anew at each attempt of a step, and once in it: a key that a step rotates is the new one for the next.
import { expect, onTestFinished, test } from 'vitest';
import checkKey from '../../actions/clerk/check-key.ts';
import countActiveSessions from '../../actions/clerk/count-active-sessions.ts';
import rotateSecretKey from '../../actions/clerk/rotate-secret-key.ts';
import { drillEnv } from '../../engine/cli/drills/drill-world.ts';
import { createSecrets, type Secrets } from '../../engine/run/secrets.ts';
import { must, scenarioWith, startTestWorld } from '../drill/helpers.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

async function open(...actions: Parameters<typeof openWorld>): Promise<World> {
  const world = await openWorld(...actions);
  onTestFinished(() => world.close());
  return world;
}

/** Counts how often each secret is read. */
function counting(values: { [name: string]: string }): { readonly secrets: Secrets; readonly reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    secrets: {
      get: async (name) => {
        reads.push(name);
        return values[name] ?? '';
      },
    },
  };
}

const ASKS = { name: 'test.asks', secrets: ['KEY'], effect: 'read' } as const;

test('an attempt reads a secret once, however often its inputs and its action ask; the next attempt reads it again', async () => {
  const values = { KEY: 'first-value' };
  const { secrets, reads } = counting(values);
  const seen: string[] = [];
  const asks = act(
    async (ctx) => {
      seen.push(await ctx.secret('KEY'), await ctx.secret('KEY'));
      values.KEY = 'second-value';
      if (seen.length < 4) throw new Error('once more');
      return {};
    },
    {
      ...ASKS,
      input: {
        type: 'object',
        properties: { key: { type: 'string', secret: true } },
        required: ['key'],
        additionalProperties: false,
      },
    },
  );
  const world = await open(asks);
  const yaml = playbook(
    '  - id: ask\n    uses: test.asks\n    with: { key: "${{ secrets.KEY }}" }\n    retry: { attempts: 2, delay: 1ms }\n',
    'requires: { secrets: [KEY] }\n',
  );
  const { end } = await world.start(yaml, { engine: { secrets } });
  expect(end.status).toBe('done');
  expect(seen).toEqual(['first-value', 'first-value', 'second-value', 'second-value']);
  // One to see at the start that it is there, one an attempt.
  expect(reads).toEqual(['KEY', 'KEY', 'KEY']);
});

test('in a drill the steps after a rotation use the new key, and no key is in the journal', async () => {
  const drill = await startTestWorld({ scenario: scenarioWith({ keys: { isSecretKeyExposed: true } }) });
  const old = drill.secretKey;
  const env = drillEnv(drill, {});
  const secrets = createSecrets({ env, onResolved: () => undefined });
  const world = await open(rotateSecretKey, checkKey, countActiveSessions);
  const yaml = playbook(
    `  - id: before
    uses: clerk.check-key
    with: { current: "\${{ secrets.CLERK_SECRET_KEY }}" }
  - id: rotate
    uses: clerk.rotate-secret-key
    approval: { none: "a drill" }
    with: { application: "${must(drill.env.CLERK_APPLICATION_ID)}", instance: production }
  - id: proof
    uses: clerk.check-key
    with:
      old: "\${{ inputs.exposed }}"
      current: "\${{ steps.rotate.output.secretKey }}"
      instance: "\${{ steps.rotate.output.instanceId }}"
    assert: ['output.holds && output.old == "refused"']
  - id: store
    uses: clerk.check-key
    with: { current: "\${{ secrets.CLERK_SECRET_KEY }}" }
    until: output.holds
    every: 1s
    timeout: 5s
  - id: work
    uses: clerk.count-active-sessions
    with: { users: ["${must(drill.ground.compromised[0])}"] }
`,
    'requires: { secrets: [CLERK_SECRET_KEY, CLERK_PLATFORM_TOKEN] }\ninputs:\n  exposed: { type: string, secret: true, description: The key that leaked }\n',
  );
  const { end, runId, state } = await world.start(yaml, {
    inputs: { exposed: old },
    // As the command line does it: what a drill gives is live.
    engine: { secrets, env },
  });
  expect(state.steps.get('proof')?.error, JSON.stringify(state.steps.get('proof')?.error)).toBeUndefined();
  expect(end.status).toBe('done');
  expect(drill.secretKey).not.toBe(old);
  const events = await world.events(runId);
  expect(ofType(events, 'step.done').map(({ step }) => step)).toEqual([
    'before',
    'rotate',
    'proof',
    'store',
    'work',
    '',
  ]);
  for (const key of [old, drill.secretKey]) expect(JSON.stringify(events)).not.toContain(key.slice(8));
});
