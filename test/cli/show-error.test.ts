import { expect, it } from 'vitest';
import { errorText } from '../../engine/cli/show-error.ts';
import { RunbookError } from '../../engine/errors.ts';
import { createRedactor } from '../../engine/redact.ts';
import { createPalette } from '../../engine/ui/palette.ts';

const FRAME = `  12 | title: ${'very '.repeat(20)}long`;
const error = new RunbookError({
  code: 'E_TRIED',
  message: `The playbook cannot be taken as it stands, because of what a person wrote into its title\n${FRAME}`,
  hint: `Look at it, mend what is wrong in it, and then type runbook validate ${'x'.repeat(100)}`,
});
const view = { isJson: false, isDebug: false, palette: createPalette(false), redactor: createRedactor() };

it('fills the lines of a terminal between words, under the beginning of each part', () => {
  const lines = errorText(error, { ...view, columns: 60 }).split('\n');
  expect(lines.slice(0, 2)).toEqual([
    'error The playbook cannot be taken as it stands, because of',
    '      what a person wrote into its title',
  ]);
  expect(lines[2]).toBe(`${FRAME} [E_TRIED]`);
  expect(lines.slice(3)).toEqual([
    '  next:  Look at it, mend what is wrong in it, and then type',
    '         runbook validate',
    `         ${'x'.repeat(100)}`,
  ]);
});

it('breaks no line where a program reads it', () => {
  expect(errorText(error, view).split('\n')).toHaveLength(3);
});
