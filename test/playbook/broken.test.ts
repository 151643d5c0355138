import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { brief, compile } from './helpers.ts';

const folder = new URL('../fixtures/playbooks/broken/', import.meta.url);

describe('a broken playbook is reported with exactly its code and position', () => {
  test.each(readdirSync(folder))('%s', (file) => {
    // Of a called playbook: ` in <file>` after the position.
    const text = readFileSync(new URL(file, folder), 'utf8');
    const expected = [...text.matchAll(/^# expect: (\S+ \d+:\d+(?: in \S+)?)$/gm)].map((match) => match[1]);
    expect(expected.length).toBeGreaterThan(0);
    const result = compile(text, file);
    const inFile = brief(result).map((one, index) => {
      const found = result.diagnostics[index]?.location.file;
      return found === file ? one : `${one} in ${found}`;
    });
    expect(inFile).toEqual(expected);
    const hasErrors = expected.some((one) => one?.startsWith('E_'));
    expect(result.plan === undefined).toBe(hasErrors);
  });
});
