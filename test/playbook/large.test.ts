import { expect, test } from 'vitest';
import { compile, playbook } from './helpers.ts';

/** A chain in which each step reads the one before. */
function chain(length: number): string {
  const step = (i: number): string =>
    `  - id: s${i}\n    uses: test.noop\n${i === 0 ? '' : `    when: steps.s${i - 1}.status == 'done' && steps.s${i - 1}.output.n > 0\n`}`;
  return playbook(Array.from({ length }, (_, i) => step(i)).join(''));
}

test('a chain of 20,000 steps that read one another compiles, with all of its expressions checked', () => {
  const { plan, diagnostics } = compile(chain(20_000), 'test.yaml', 4 * 1024 * 1024);
  expect(diagnostics).toEqual([]);
  expect(plan?.nodes.size).toBe(20_001);
  const last = plan?.nodes.get('s19999');
  expect(last?.when?.readsSteps).toEqual(['s19998']);
});

test('20,000 mistakes are all found', () => {
  const { diagnostics } = compile(chain(20_000).replaceAll('.output.n', '.output.m'), 'test.yaml', 4 * 1024 * 1024);
  expect(diagnostics).toHaveLength(19_999);
});
