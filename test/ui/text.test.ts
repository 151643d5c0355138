import { describe, expect, it } from 'vitest';
import { formatClock, formatDuration } from '../../engine/ui/duration.ts';
import { hang, shellWord, textWidth, truncate, wrap } from '../../engine/ui/text.ts';

describe('text for a terminal', () => {
  it('flows paragraphs together and keeps list items apart, hanging', () => {
    expect(wrap('one two\nthree\n\n- item one is long enough\n  to break\n- two', 16)).toEqual([
      'one two three',
      '',
      '- item one is',
      '  long enough to',
      '  break',
      '- two',
    ]);
  });
  it('breaks a word that is longer than a line', () => {
    expect(wrap('x'.repeat(40), 16)).toEqual(['x'.repeat(16), 'x'.repeat(16), 'x'.repeat(8)]);
  });
  it.each([
    ['日本語テキスト', 7],
    ['👩‍💻 at work', 6],
    ['plain', 3],
  ])('cuts %s to its columns', (text, columns) => {
    expect(textWidth(truncate(text, columns))).toBeLessThanOrEqual(columns);
  });
  it('fills a text behind a lead, keeps its own indents, and breaks no word', () => {
    expect(hang('  next: ', `run it again and look\n  - one two three ${'w'.repeat(30)}`, 24)).toEqual([
      '  next: run it again and',
      '        look',
      '  - one two three',
      `    ${'w'.repeat(30)}`,
    ]);
    expect(hang('count=<number>  ', 'How many of them  (default: 3)', 34, 4)).toEqual([
      'count=<number>  How many of them',
      '    (default: 3)',
    ]);
  });
  it('quotes what a shell would read otherwise', () => {
    expect(shellWord("it's; rm")).toBe(`'it'\\''s; rm'`);
    expect(shellWord('contain/ban')).toBe('contain/ban');
  });
  it('gives durations in the unit that fits', () => {
    expect([340, 1240, 59_400, 75_000, 3_700_000].map(formatDuration)).toEqual([
      '340 ms',
      '1.2 s',
      '59 s',
      '1 min 15 s',
      '1 h 01 min',
    ]);
    expect(formatClock(3_700_000)).toBe('1:01:40');
  });
});
