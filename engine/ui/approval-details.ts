// What is about to happen if an approval is given: the action's resolved inputs and the targets by their ids. Pure.
import { isJsonObject, type Json } from '../json.ts';
import type { EventData } from '../run/events.ts';
import { overLimitText } from './limit-words.ts';
import { clean, oneLine, shellWord, truncate } from './text.ts';

const MOST_TARGETS = 10;
const MOST_ITEMS = 3;
const MOST_VALUE_LENGTH = 200;

/** The limits it would pass first; then one line an input, one a target; lists are shortened and counted. */
export function approvalDetails(request: EventData['approval.requested']): string[] {
  const over = request.limits === undefined ? [] : [`over a limit: ${overLimitText(request.limits)}`];
  if (request.uses === 'manual') return [...over, ...manualLines(request.inputs)];
  return [...over, ...inputLines(request.inputs), ...targetLines(request), ...refusedLines(request)];
}

/** A person does it, and is told to do just this: whoever approves reads all of it. */
function manualLines(inputs: Json): string[] {
  const text = isJsonObject(inputs) && typeof inputs.text === 'string' ? inputs.text : null;
  if (text === null) return inputLines(inputs);
  return ['A person does this, once it is approved:', ...clean(text).trimEnd().split('\n')];
}

/** What is left alone since it is protected: whoever approves should know that it stays. */
function refusedLines({ refused = [] }: EventData['approval.requested']): string[] {
  const lines = refused
    .slice(0, MOST_ITEMS)
    .map((target) => `- not touched: ${oneLine(`${target.kind} ${target.id}: ${target.error}`)}`);
  const rest = refused.length - lines.length;
  return rest > 0 ? [...lines, `- not touched: ${rest} more that are protected`] : lines;
}

function inputLines(inputs: Json): string[] {
  if (!isJsonObject(inputs)) return [`inputs: ${shown(inputs)}`];
  return Object.entries(inputs)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${oneLine(name)}: ${name === 'command' ? commandLine(value) : shown(value)}`);
}

/** A command is approved word for word, so it is shown as one would type it, and never as the start of a list. */
function commandLine(value: Json | undefined): string {
  return Array.isArray(value) ? value.map((word) => shellWord(asText(word))).join(' ') : shown(value);
}

function shown(value: Json | undefined): string {
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map((one) => truncate(asText(one), 60));
    const rest = value.length - items.length;
    return value.length === 0 ? 'none' : `${items.join(', ')}${rest > 0 ? ` and ${rest} more (${value.length})` : ''}`;
  }
  return truncate(asText(value), MOST_VALUE_LENGTH);
}

function asText(value: Json | undefined): string {
  return oneLine(typeof value === 'string' ? value : JSON.stringify(value ?? null));
}

function targetLines({ targets, planError }: EventData['approval.requested']): string[] {
  if (targets === undefined) {
    const why = planError === undefined ? '' : ` (${oneLine(planError)})`;
    return [`targets: not known before it runs${why}: the approval holds for the action and these inputs`];
  }
  const lines = targets.slice(0, MOST_TARGETS).map((target) => {
    const owner = target.owner === undefined ? '' : ` of ${target.owner.kind} ${target.owner.id}`;
    return `- ${oneLine(`${target.verb} ${target.kind} ${target.id}${owner}`)}`;
  });
  const rest = targets.length - lines.length;
  return rest > 0 ? [...lines, `- and ${rest} more`] : lines;
}
