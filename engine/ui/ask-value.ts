// One value asked for by its JSON Schema.
import { checkbox, confirm, input, password, select } from '@inquirer/prompts';
import { isJsonObject, type Json, type Schema } from '../json.ts';
import { isSecret } from '../playbook/secret-fields.ts';
import type { Console } from './asking.ts';
import { thinnedText } from './list-evidence.ts';
import { oneLine, truncate } from './text.ts';

export interface ValueQuestion {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  readonly default?: Json | undefined;
  readonly signal: AbortSignal;
  /** What is known of a list's items, by item. */
  readonly evidence?: ReadonlyMap<string, string>;
  /** The screen a long list must fit. */
  readonly console?: Pick<Console, 'columns' | 'rows'>;
}

/** @returns undefined where it is not required and was left out. */
export async function askValue(question: ValueQuestion): Promise<Json | undefined> {
  const { schema } = question;
  const message = messageOf(question);
  if (isSecret(schema)) return askUnseen(question, message);
  const choices = Array.isArray(schema.enum) ? (schema.enum as readonly Json[]) : null;
  if (choices) return askChoice(question, choices);
  switch (typeOf(schema)) {
    case 'boolean':
      return askYesNo(question, message);
    case 'integer':
    case 'number':
      return askNumber(question, message);
    case 'array':
      return askList(question, message);
    case 'string':
      return askText(question, message);
    default:
      return askJson(question, message);
  }
}

function typeOf(schema: Schema): string {
  const type = schema.type;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return String(type.find((one) => one !== 'null') ?? 'string');
  return 'any';
}

function messageOf({ name, schema, isRequired }: ValueQuestion): string {
  const description = typeof schema.description === 'string' ? ` (${oneLine(schema.description)})` : '';
  return `${name}${description}${isRequired ? '' : ', optional'}:`;
}

async function askChoice(question: ValueQuestion, choices: readonly Json[]): Promise<Json | undefined> {
  const leaveOut = Symbol('leave out');
  const options = choices.map((value) => ({ name: text(value), value: value as Json | symbol }));
  if (!question.isRequired) options.push({ name: '(leave out)', value: leaveOut });
  const answer = await select<Json | symbol>(
    {
      message: messageOf(question),
      choices: options,
      ...(question.default === undefined ? {} : { default: question.default }),
    },
    { signal: question.signal },
  );
  return typeof answer === 'symbol' ? undefined : answer;
}

const YES_NO: { readonly [answer: string]: boolean } = {
  y: true,
  yes: true,
  true: true,
  n: false,
  no: false,
  false: false,
};

/** Without a default nothing is recorded by Enter alone: a No must be said. */
async function askYesNo(question: ValueQuestion, message: string): Promise<boolean | undefined> {
  if (typeof question.default === 'boolean')
    return confirm({ message, default: question.default }, { signal: question.signal });
  const answer = await input(
    {
      message: `${message} (y/n)`,
      validate(value) {
        const given = value.trim().toLowerCase();
        if (given === '') return question.isRequired ? 'Answer y or n' : true;
        return Object.hasOwn(YES_NO, given) || 'Answer y or n';
      },
    },
    { signal: question.signal },
  );
  return YES_NO[answer.trim().toLowerCase()];
}

async function askText(question: ValueQuestion, message: string): Promise<string | undefined> {
  const answer = await input(
    {
      message,
      ...(typeof question.default === 'string' ? { default: oneLine(question.default) } : {}),
      validate: (value) => checkText(value, question),
    },
    { signal: question.signal },
  );
  // The default shows cleaned; left as it is, it is the true one.
  if (typeof question.default === 'string' && answer === oneLine(question.default)) return question.default;
  return answer === '' && !question.isRequired ? undefined : answer;
}

/** Without the key that would reveal it. */
async function askUnseen(question: ValueQuestion, message: string): Promise<string | undefined> {
  const answer = await password(
    { message, mask: false, toggleMask: false, validate: (value) => checkText(value, question) },
    { signal: question.signal },
  );
  return answer === '' && !question.isRequired ? undefined : answer;
}

function checkText(value: string, { schema, isRequired }: ValueQuestion): string | true {
  if (value === '') return isRequired ? 'A value is needed' : true;
  const { pattern, minLength, maxLength } = schema;
  if (typeof minLength === 'number' && value.length < minLength) return `At least ${minLength} characters`;
  if (typeof maxLength === 'number' && value.length > maxLength) return `At most ${maxLength} characters`;
  if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) return `Must match ${pattern}`;
  return true;
}

async function askNumber(question: ValueQuestion, message: string): Promise<number | undefined> {
  const isInteger = typeOf(question.schema) === 'integer';
  const answer = await input(
    {
      message,
      ...(typeof question.default === 'number' ? { default: String(question.default) } : {}),
      validate(value) {
        if (value.trim() === '') return question.isRequired ? 'A number is needed' : true;
        const number = Number(value);
        if (!Number.isFinite(number) || (isInteger && !Number.isSafeInteger(number)))
          return isInteger ? 'A whole number is needed' : 'A number is needed';
        const { minimum, maximum } = question.schema;
        if (typeof minimum === 'number' && number < minimum) return `At least ${minimum}`;
        if (typeof maximum === 'number' && number > maximum) return `At most ${maximum}`;
        return true;
      },
    },
    { signal: question.signal },
  );
  return answer.trim() === '' ? undefined : Number(answer);
}

/** A proposed list is kept, thinned out or replaced; without one it is typed. */
async function askList(question: ValueQuestion, message: string): Promise<Json | undefined> {
  const proposed = Array.isArray(question.default) ? (question.default as readonly Json[]) : [];
  if (proposed.length === 0) return typeList(question, message);
  const way = await select(
    {
      message: `${message} ${proposed.length} proposed`,
      choices: [
        { name: `Keep all ${proposed.length}`, value: 'keep' as const },
        { name: 'Remove some', value: 'thin' as const },
        { name: 'Type another list', value: 'type' as const },
      ],
    },
    { signal: question.signal },
  );
  if (way === 'keep') return proposed;
  if (way === 'type') return typeList(question, message);
  return thinList(question, proposed);
}

/** What a page of choices leaves to the message, the marks and the keys below it. */
const ROWS_AROUND_PAGE = 9;

function thinList({ name, signal, evidence, console }: ValueQuestion, proposed: readonly Json[]): Promise<Json[]> {
  const columns = (console?.columns() ?? 80) - 5;
  const pageSize = Math.max(3, Math.min(proposed.length, (console?.rows() ?? 24) - ROWS_AROUND_PAGE));
  return checkbox<Json>(
    {
      message: `${name} (space takes one out):`,
      pageSize,
      loop: false,
      choices: proposed.map((value, index) => {
        const known = evidence?.get(text(value));
        const label = known === undefined ? text(value) : `${text(value)}: ${known}`;
        const name = truncate(label, columns);
        const below = proposed.length - index - 1;
        const mark = proposed.length > pageSize && below > 0 ? `(${below} more below)` : '';
        // Of the one under the cursor, what did not fit its line.
        const description = [mark, name === label ? '' : label].filter((part) => part !== '').join(' ');
        return { name, value, checked: true, ...(description === '' ? {} : { description }) };
      }),
      theme: {
        style: {
          renderSelectedChoices: (chosen: readonly { readonly value: Json }[]) =>
            thinnedText(
              proposed,
              chosen.map(({ value }) => value),
            ),
        },
      },
    },
    { signal },
  );
}

async function typeList(question: ValueQuestion, message: string): Promise<Json> {
  const items = isJsonObject(question.schema.items) ? question.schema.items : {};
  const itemType = typeOf(items);
  const parse = (value: string): Json[] =>
    jsonList(value) ??
    splitList(value).map((one) => (itemType === 'string' || itemType === 'any' ? one : (JSON.parse(one) as Json)));
  const answer = await input(
    {
      message: `${message} (separated by commas, empty for none; JSON where one holds a comma or space: ${LIST_EXAMPLE})`,
      validate(value) {
        let list: Json[];
        try {
          list = parse(value);
        } catch {
          return `Each must be of type ${itemType}`;
        }
        const { minItems, maxItems } = question.schema;
        if (typeof minItems === 'number' && list.length < minItems) return `At least ${minItems}`;
        if (typeof maxItems === 'number' && list.length > maxItems) return `At most ${maxItems}`;
        for (const one of list) {
          if (typeof one !== 'string') continue;
          const fault = checkText(one, { ...question, schema: items, isRequired: true });
          if (fault !== true) return `${one}: ${fault}`;
        }
        return true;
      },
    },
    { signal: question.signal },
  );
  return parse(answer);
}

const LIST_EXAMPLE = '["a, b", "c"]';

/** A list written as JSON; null: it is not one. */
function jsonList(value: string): Json[] | null {
  if (!value.trim().startsWith('[')) return null;
  try {
    const list: unknown = JSON.parse(value);
    // JSON.parse gives JSON.
    return Array.isArray(list) ? (list as Json[]) : null;
  } catch {
    return null;
  }
}

/** Commas, line breaks and white space separate. */
export function splitList(value: string): string[] {
  return value.split(/[\s,]+/).filter((one) => one !== '');
}

async function askJson(question: ValueQuestion, message: string): Promise<Json | undefined> {
  const answer = await input(
    {
      message: `${message} (JSON${question.default === undefined ? '' : '; Tab edits what is proposed'})`,
      ...(question.default === undefined ? {} : { default: JSON.stringify(question.default) }),
      validate(value) {
        if (value.trim() === '') return question.isRequired ? 'A value is needed' : true;
        try {
          JSON.parse(value);
          return true;
        } catch {
          return 'This is not JSON; text stands in double quotes';
        }
      },
    },
    { signal: question.signal },
  );
  return answer.trim() === '' ? undefined : (JSON.parse(answer) as Json);
}

function text(value: Json): string {
  return oneLine(typeof value === 'string' ? value : JSON.stringify(value));
}
