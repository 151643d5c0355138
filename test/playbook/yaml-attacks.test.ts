import { expect, test } from 'vitest';
import { createCollector } from '../../engine/playbook/collector.ts';
import { decodePlaybook } from '../../engine/playbook/source.ts';
import { brief, compile, playbook } from './helpers.ts';

const steps = '  - id: act\n    uses: test.noop\n';

test.each([
  ['flow lists nested 100,000 deep', `a: ${'['.repeat(100_000)}`, 'E_PLAYBOOK_TOO_DEEP'],
  ['flow maps nested 100,000 deep', '{a: '.repeat(100_000), 'E_PLAYBOOK_TOO_DEEP'],
  ['list entries nested on one line', `${'- '.repeat(100_000)}x`, 'E_PLAYBOOK_TOO_DEEP'],
  [
    'maps nested 1,000 deep by indentation',
    Array.from({ length: 1_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    'E_PLAYBOOK_TOO_DEEP',
  ],
  ['ten megabytes', `a: ${'x'.repeat(10 * 1024 * 1024)}`, 'E_PLAYBOOK_TOO_LARGE'],
  ['an alias inside what it repeats', 'a: &a [*a]', 'E_PLAYBOOK_ALIAS'],
  ['a NUL character', 'a: "x\u0000"', 'E_PLAYBOOK_YAML'],
  ['a tag of its own', 'a: !danger x', 'E_PLAYBOOK_YAML'],
  ['binary', 'a: !!binary aGk=', 'E_PLAYBOOK_YAML'],
  ['a number that cannot be kept', 'a: 12345678901234567890', 'E_PLAYBOOK_YAML'],
  ['no number', 'a: .nan', 'E_PLAYBOOK_YAML'],
  ['a map as a key', '? {a: b}\n: c', 'E_PLAYBOOK_YAML'],
  ['nothing', '# only a comment', 'E_PLAYBOOK_EMPTY'],
  ['plain text', 'hello', 'E_PLAYBOOK_SCHEMA'],
  [
    'parentheses nested 5,000 deep in an expression',
    playbook(`${steps}    when: ${'('.repeat(5_000)}true${')'.repeat(5_000)}\n`),
    'E_PLAYBOOK_EXPRESSION',
  ],
  [
    'an expression of 4,000 terms',
    playbook(`${steps}    when: ${Array(4_000).fill('true').join(' && ')}\n`),
    'E_PLAYBOOK_EXPRESSION',
  ],
])('%s is answered with an error', (_, text, code) => {
  const result = compile(text);
  expect(result.plan).toBeUndefined();
  expect(result.diagnostics.map((one) => one.code)).toContain(code);
});

test('an alias bomb is refused at the alias that goes too far', () => {
  const levels = [...'bcdefghij'].map(
    (name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghij'[i]}`).join(', ')}]`,
  );
  const result = compile(['a: &a [x, x, x, x, x, x, x, x, x, x]', ...levels].join('\n'));
  expect(brief(result)).toEqual(['E_PLAYBOOK_ALIAS 2:12']);
});

test('an honest alias repeats its value, and problems in it are shown where they are written', () => {
  const tags = 'tags: &tags [a, b]\nsymptoms: *tags\n';
  const { plan } = compile(playbook(steps, tags));
  expect(plan?.symptoms).toEqual(['a', 'b']);
});

test('90,000 keys and 50,000 expressions take no time to speak of', () => {
  const keys = Array.from({ length: 90_000 }, (_, i) => `k${i}: 1`).join('\n');
  expect(compile(keys).plan).toBeUndefined();
  const expressions = compile(playbook(`  - id: act\n    manual: "${'${{ nope }} '.repeat(50_000)}"\n`));
  expect(expressions.diagnostics).toHaveLength(50_000);
});

test('bytes that are not UTF-8 are an error of the file', () => {
  const collector = createCollector();
  expect(decodePlaybook(new Uint8Array([0x61, 0xff, 0xfe]), 'x.yaml', collector)).toBeUndefined();
  expect(collector.list().map((one) => one.code)).toEqual(['E_PLAYBOOK_ENCODING']);
});

test('an expression that YAML takes for a map is told to stand in quotes', () => {
  const { diagnostics } = compile(playbook(`${steps}    title: \${{ true ? 'a': 'b' }}\n`));
  expect(diagnostics[0]).toMatchObject({
    code: 'E_PLAYBOOK_YAML',
    hint: 'an expression with `: ` or `#` in it needs quotes around the whole value',
  });
});
