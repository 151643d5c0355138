// The undo of a block takes off our row, and no other for the same identifier: in a whole run against the drill.
import { expect, onTestFinished, test } from 'vitest';
import blockIdentifiers from '../../../actions/clerk/block-identifiers.ts';
import unblockIdentifiers from '../../../actions/clerk/unblock-identifiers.ts';
import { installGate } from '../../../engine/run/gate.ts';
import { createSecrets } from '../../../engine/run/secrets.ts';
import { ask, must, startTestWorld } from '../../drill/helpers.ts';
import { openWorld, playbook } from '../../run/harness.ts';
import { takeBack } from '../../run/undo-world.ts';

const IDENTIFIERS = ['intruder@evil.example', 'other@evil.example'];

test('a row that somebody made anew for the identifier since is left, and said; ours is taken off', async () => {
  const uninstall = installGate();
  const world = await startTestWorld();
  const runs = await openWorld(blockIdentifiers, unblockIdentifiers);
  onTestFinished(async () => {
    uninstall();
    await runs.close();
  });
  const { env } = world;
  const rows = async (): Promise<Map<string, string>> => {
    const { data } = (await ask(world, 'GET', '/v1/blocklist_identifiers')).body as {
      data: readonly { readonly id: string; readonly identifier: string }[];
    }; // BlocklistIdentifiers
    return new Map(data.map(({ id, identifier }) => [identifier, id]));
  };
  const yaml = playbook(
    `  - { id: block, title: Block, uses: clerk.block-identifiers, with: { identifiers: [${IDENTIFIERS.join(', ')}] }, approval: { none: a test } }\n`,
  );
  const { runId } = await runs.start(yaml, { env });
  const [identifier = ''] = IDENTIFIERS;
  await ask(world, 'DELETE', `/v1/blocklist_identifiers/${must((await rows()).get(identifier))}`);
  await ask(world, 'POST', '/v1/blocklist_identifiers', { identifier });
  const theirs = must((await rows()).get(identifier));

  const secrets = createSecrets({ env, onResolved: () => undefined });
  const { state } = await takeBack(runs, runId, {
    plan: runs.compile(yaml),
    isUnchecked: false,
    engine: { env, secrets },
  });
  expect([...(await rows())]).toEqual([[identifier, theirs]]);
  const changes = [...(state.changes.get('block')?.values() ?? [])];
  expect(changes.map(({ id, undone }) => [id, undone !== undefined])).toEqual([
    [identifier, false],
    ['other@evil.example', true],
  ]);
});
