// What other open runs hold must not be taken back under them; what they have taken back themselves they do not hold.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHeldElsewhere } from '../../engine/cli/runs/held-elsewhere.ts';
import { systemClock } from '../../engine/run/clock.ts';
import { openWorld, playbook, type World } from '../run/harness.ts';
import { Service, takeBack } from '../run/undo-world.ts';

let world: World;
let service: Service;
beforeEach(async () => {
  service = new Service(1);
  world = await openWorld(...service.actions());
});
afterEach(() => world.close());

const waits = (more = ''): string =>
  playbook(
    `  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0] }${more} }\n  - { id: look, title: Look, manual: Look. }\n`,
  );
const held = () => createHeldElsewhere({ clock: systemClock }, world.journal, 'this one')([{ kind: 'user', id: 'u0' }]);

test('an open run holds what it changed, until it has taken it back', async () => {
  const { runId, plan } = await world.start(waits());
  expect([...(await held())]).toEqual([['["user","u0"]', runId]]);
  await takeBack(world, runId, { plan });
  expect([...(await held())]).toEqual([]);
});

test('an open run holds what it may have changed', async () => {
  service.onCall = () => {
    throw new Error('hang up');
  };
  const { runId } = await world.start(waits());
  expect([...(await held())]).toEqual([['["user","u0"]', runId]]);
});
