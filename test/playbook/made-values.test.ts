// Optional fields, enums and secrets stay known behind filter, map, +, and lists and maps written in an expression.
import { describe, expect, it } from 'vitest';
import { brief, compile, planOf, playbook } from './helpers.ts';

const INPUTS = `inputs:
  o: { type: object, properties: { n: { type: integer }, opt: { type: string } }, required: [n], additionalProperties: false }
  l: { type: array, items: { type: object, properties: { n: { type: integer }, opt: { type: string }, kind: { type: string, enum: [good, bad] } }, required: [n, kind], additionalProperties: false } }
`;
const STEPS = `  - id: a
    forEach: inputs.l
    uses: test.shell
    effect: read
    with: { command: [x] }
  - id: b
    uses: test.find
`;

function codes(expression: string): readonly string[] {
  const use = `  - id: use\n    uses: test.shell\n    effect: read\n    with: { command: [x, "\${{ ${expression} }}"] }\n`;
  return brief(compile(playbook(STEPS + use, INPUTS))).map((one) => one.replace(/ .*/, ''));
}

describe('a field that may be absent is refused', () => {
  it.each([
    'inputs.l.filter(x, x.n > 0)[0].opt',
    "inputs.l.filter(x, x.n > 0).map(x, x.opt).join(',')",
    '(inputs.l + inputs.l)[0].opt',
    '(inputs.l + inputs.l.filter(x, has(x.opt)))[0].opt',
    '[inputs.o][0].opt',
    "{'k': inputs.o}.k.opt",
    "{'k': inputs.o}['k'].opt",
    'cel.bind(one, inputs.o, one).opt',
    '(inputs.o.n > 0 ? inputs.l[0] : inputs.l.filter(x, has(x.opt))[0]).opt',
    'inputs.l.map(x, x)[0].opt',
    "steps.a.output.filter(e, e.status == 'failed').map(e, string(e.output.exitCode)).join(',')",
    "[steps.b].map(o, string(o.output.count)).join(',')",
  ])('%s', (expression) => expect(codes(expression)).toEqual(['E_PLAYBOOK_OPTIONAL']));
});

describe('a field that is asked for is there', () => {
  it.each([
    "inputs.l.filter(x, has(x.opt)).map(x, x.opt).join(',')",
    'inputs.l.filter(x, x.n > 0 && has(x.opt))[0].opt',
    "inputs.l.filter(x, x.n > 0)[0].?opt.orValue('')",
    "inputs.l[0].?opt.orValue('')",
    "(inputs.l + inputs.l).map(x, has(x.opt), x.opt).join(',')",
    "steps.a.output.filter(one, has(one.output)).map(one, string(one.output.exitCode)).join(',')",
    "[inputs.o, inputs.o].map(x, string(x.n)).join(',')",
    "{'k': inputs.o, 'm': inputs.o}.k.n == 1 ? 'x' : 'y'",
    "{'a': 1, 'b': 2}[inputs.l[0].kind] == 1 ? 'x' : 'y'",
  ])('%s', (expression) => expect(codes(expression)).toEqual([]));
});

it('a word outside an enum is found behind a filter', () => {
  expect(codes("inputs.l.filter(x, x.n > 0).exists(x, x.kind == 'god') ? 'x' : 'y'")).toEqual(['E_PLAYBOOK_ENUM']);
});

it('a step that is taken as a whole is known to be read with its output', () => {
  const use = `  - id: use\n    when: "[steps.b].exists(one, has(one.output) && one.output.count > 0)"\n    uses: test.noop\n`;
  expect(planOf(playbook(STEPS + use, INPUTS)).nodes.get('b')?.isOutputRead).toBe(true);
});
