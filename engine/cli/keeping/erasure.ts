// What is to be erased, from the words of `runbook redact`.
import { RunbookError } from '../../errors.ts';
import { isJsonObject, type Json } from '../../json.ts';
import { type Path, parsePath, pathText, SHORTEST_ERASED } from '../../store/erase.ts';
import type { StoredEvent } from '../../store/journal.ts';
import type { Erasure } from '../../store/redact.ts';
import { oneLine, truncate } from '../../ui/text.ts';

export interface ErasureOptions {
  /** `-`: from standard input. */
  readonly value?: string;
  readonly event?: number;
  readonly path?: string;
}

/** @returns null where an event is named and no place in it: it is to be shown. @throws E_USAGE */
export async function erasureOf(options: ErasureOptions, input: AsyncIterable<unknown>): Promise<Erasure | null> {
  const { event, path } = options;
  if (options.value !== undefined) {
    if (event !== undefined || path !== undefined)
      throw usage('--value erases a value wherever it stands, so it goes with no --event or --path');
    const value = options.value === '-' ? await readAll(input) : options.value;
    if (value.trim().length >= SHORTEST_ERASED) return { value };
    throw usage(
      `A value of fewer than ${SHORTEST_ERASED} characters would be found in innocent text; name its place: --event SEQ --path a.b`,
    );
  }
  if (event === undefined) throw usage('Say what to erase: --value TEXT, or --event SEQ --path a.b');
  if (path === undefined) return null;
  const parsed = parsePath(path);
  if (parsed === null) throw usage(`--path takes a place such as fields.note or evidence[0], not ${path}`);
  return { seq: event, path: parsed };
}

/** What an event holds, a line a value, each with its place. */
export function eventLines({ seq, at, type, step, data }: StoredEvent): string[] {
  // What is stored is JSON.
  const value = JSON.parse(data) as Json;
  return [
    `Event ${seq}: ${type}${step === null ? '' : ` of ${oneLine(step)}`}, ${at}`,
    ...leaves(value, []).map(([path, leaf]) => `  ${pathText(path)} = ${truncate(oneLine(JSON.stringify(leaf)), 80)}`),
  ];
}

function leaves(value: Json, path: Path): (readonly [Path, Json])[] {
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => leaves(item, [...path, index]));
  if (isJsonObject(value)) return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
  return [[path, value]];
}

async function readAll(input: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of input) text += String(chunk);
  return text.replace(/\r?\n$/, '');
}

function usage(message: string): RunbookError {
  return new RunbookError({ code: 'E_USAGE', message, hint: 'runbook redact --help shows how' });
}
