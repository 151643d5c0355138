import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWorldIn, playbook, type World } from './harness.ts';

let world: World;
beforeEach(async () => {
  // In memory where there is such a place: the disk's own noise is not what is compared.
  world = await openWorldIn(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
});
afterEach(() => world.close());

async function timeOf(count: number): Promise<number> {
  const steps = Array.from({ length: count }, (_, index) => `  - { id: s${index}, title: S, uses: test.echo }`).join(
    '\n',
  );
  const yaml = playbook(`${steps}\n`);
  const startedAt = performance.now();
  const { end } = await world.start(yaml);
  expect(end.status).toBe('done');
  return performance.now() - startedAt;
}

// A quadratic engine takes 100 times as long for ten times the steps; 25 leaves room for a noisy machine, none for that.
test('ten times as many steps take about ten times as long', { timeout: 400_000 }, async () => {
  await timeOf(200);
  const small = await timeOf(2_000);
  const large = await timeOf(20_000);
  process.stdout.write(
    `2,000 steps ${Math.round(small)} ms; 20,000 steps ${Math.round(large)} ms; ratio ${(large / small).toFixed(1)}\n`,
  );
  expect(large / small).toBeLessThan(25);
});
