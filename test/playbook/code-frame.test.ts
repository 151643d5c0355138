import { expect, test } from 'vitest';
import { countDiagnostics, renderDiagnostics } from '../../engine/playbook/code-frame.ts';
import { compile, playbook } from './helpers.ts';

const text = playbook(
  '  - id: find\n    uses: test.find\n  - id: act\n    when: size(steps.fnd.output.users) > 0\n    uses: test.noop\n',
);

test('a diagnostic shows the place, the lines around it, a caret under the mistake and what to do', () => {
  const { diagnostics } = compile(text);
  expect(renderDiagnostics(diagnostics, new Map([['test.yaml', text]]), { color: false })).toBe(
    [
      'test.yaml:8:22 error E_PLAYBOOK_UNKNOWN_STEP There is no step `fnd`',
      '   6 |     uses: test.find',
      '   7 |   - id: act',
      '>  8 |     when: size(steps.fnd.output.users) > 0',
      '     |                      ^^^',
      '   9 |     uses: test.noop',
      '  10 |',
      '  hint: did you mean `find`?',
    ].join('\n'),
  );
  expect(countDiagnostics(diagnostics)).toBe('1 error, 0 warnings');
});

test('colours are only added', () => {
  const { diagnostics } = compile(text);
  const files = new Map([['test.yaml', text]]);
  const colored = renderDiagnostics(diagnostics, files, { color: true });
  expect(colored).toContain('\u001b[31m');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed
  expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(renderDiagnostics(diagnostics, files, { color: false }));
});

test('a file whose text is not at hand is still named, and control characters reach no terminal', () => {
  const diagnostic = {
    severity: 'error',
    code: 'E_X',
    message: 'm',
    location: { file: 'x', line: 1, column: 1 },
    length: 1,
  } as const;
  expect(renderDiagnostics([diagnostic], new Map(), { color: false })).toBe('x:1:1 error E_X m');
  expect(renderDiagnostics([diagnostic], new Map([['x', 'a\u001b[2Jb']]), { color: false })).not.toContain('\u001b');
});
