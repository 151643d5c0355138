// Patterns that a backtracking engine could hang on, and those that only look like them.
import { describe, expect, it } from 'vitest';
import { isCatastrophic } from '../../engine/playbook/catastrophic.ts';

describe('a pattern that can take for ever is known', () => {
  it.each([
    '^(a+)+$',
    '^(a*)*$',
    '^(a|a)*$',
    '^(a|aa)+$',
    '^(\\w+\\s?)*$',
    '^([a-z]+[0-9]*)*$',
    '^(.*)*x$',
    '^(a{1,64}){2,64}b$',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '^(?:(?:a|b)+)*$',
    '^(?=(a+)+$)b',
    '^([^,]+,?)*$',
  ])('%s', (pattern) => expect(isCatastrophic(pattern)).toBe(true));
});

describe('a pattern that only looks like one is taken', () => {
  it.each([
    '^[a-z0-9]+(-[a-z0-9]+)*$',
    '^user_[A-Za-z0-9]+$',
    '^(\\d{1,3}\\.){3}\\d{1,3}$',
    '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$',
    '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
    '^(a{0,2}b)*$',
    '^([a-z]{1,3}-)*x$',
    '^(?:https?://)?[^/]+(/[^/]*)*$',
    '^(foo|bar)+$',
    '^(?<year>\\d{4})-(?<month>\\d{2})$',
    '^.*,.*$',
    '^\\w+( \\w+)* ?$',
    '(',
    '(a)\\1+',
    '',
  ])('%s', (pattern) => expect(isCatastrophic(pattern)).toBe(false));
});

it('a long pattern is answered at once', () => {
  const started = performance.now();
  isCatastrophic(`^(${'[a-z]?'.repeat(140)})*$`);
  isCatastrophic(`^(${'[a-z]x'.repeat(2_000)})*$`);
  expect(performance.now() - started).toBeLessThan(5_000);
});
