import { expect, test } from 'vitest';
import { parsePairs } from '../../engine/cli/runs/given-values.ts';

test('pairs are read up to the first equals sign', () => {
  expect(parsePairs(['a=1', 'b=x=y', 'c='], '--input')).toEqual({ a: '1', b: 'x=y', c: '' });
});

test('a name that is given twice is refused, and how a list is given is said', () => {
  expect(() => parsePairs(['l=a', 'l=b'], '--input')).toThrow(
    expect.objectContaining({
      code: 'E_USAGE',
      message: '--input gives l twice',
      hint: expect.stringContaining('--input l=a,b'),
    }),
  );
});
