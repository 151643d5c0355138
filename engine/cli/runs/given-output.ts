// `--output JSON|@FILE`: what a person says a step's output is, checked against what later steps may expect of it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { invariant, messageOf, RunbookError } from '../../errors.ts';
import type { Json } from '../../json.ts';
import { handleName, sealValue } from '../../playbook/secret-fields.ts';
import { createValueValidator } from '../../playbook/validate-value.ts';
import { outputProblems } from '../../run/decisions.ts';
import type { StoredOutput } from '../../run/events.ts';
import { createOutputStore } from '../../run/outputs.ts';
import { needsOutputOf } from '../../run/step-readers.ts';
import { nodeOf } from '../../run/undo-node.ts';
import { shellWord } from '../../ui/text.ts';
import type { App } from '../app.ts';
import type { OpenedRun } from './open-run.ts';

export type EndedWith = { readonly output?: StoredOutput; readonly needsOutput?: true };

/**
 * What the event that ends a step by hand says of its output: the given one, or that one must still be given.
 * @throws E_USAGE where it cannot be read, E_OUTPUT_INVALID where it does not fit, E_OUTPUT_SECRET where a part of it is
 */
export async function givenOutput(
  app: App,
  opened: OpenedRun,
  step: string,
  text: string | undefined,
): Promise<EndedWith> {
  const node = nodeOf(opened.plan, opened.state, step);
  invariant(node, 'a step that was found has a node');
  if (text === undefined) return needsOutputOf(node) ? { needsOutput: true } : {};
  if (node.output === undefined)
    throw new RunbookError({
      code: 'E_OUTPUT_INVALID',
      message: `${step} has no output that anything could read`,
      hint: 'Leave --output out',
    });
  const output = parseOutput(app, text);
  const problems = outputProblems({ validator: createValueValidator() }, node, output);
  if (problems.length > 0)
    throw new RunbookError({
      code: 'E_OUTPUT_INVALID',
      message: `This is no output of ${step}\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
      hint:
        node.kind === 'uses'
          ? `runbook actions show ${node.uses} says what its output holds`
          : `It must fit ${JSON.stringify(node.output)}`,
    });
  const { journal, runId } = opened;
  const [secret] = sealValue(node.output, output, step).values.keys();
  if (secret !== undefined)
    throw new RunbookError({
      code: 'E_OUTPUT_SECRET',
      message: `${handleName(secret)} is secret: it is never recorded, so only the process that works on the run can take it`,
      hint: `Let a terminal ask for the output: runbook resume ${shellWord(runId)}`,
    });
  return { output: await createOutputStore({ journal, redactor: app.redactor, runId }).store(output) };
}

function parseOutput(app: App, text: string): Json {
  const isFile = text.startsWith('@');
  try {
    return JSON.parse(isFile ? readFileSync(resolve(app.cwd, text.slice(1)), 'utf8') : text) as Json;
  } catch (cause) {
    throw new RunbookError({
      code: 'E_USAGE',
      message: `--output ${isFile ? `cannot read ${text.slice(1)}` : 'is no JSON'}: ${messageOf(cause)}`,
      hint: `Write JSON in quotes, --output '{"users": []}', or name a file of it: --output @output.json`,
      cause,
    });
  }
}

/** What is still to be done where a later step reads an output that was not given. */
export function outputText(runId: string, step: string, { needsOutput }: EndedWith): string | null {
  if (needsOutput !== true) return null;
  return `A later step reads the output of ${step}. Give it with: runbook done ${shellWord(runId)} ${shellWord(step)} --output JSON`;
}
