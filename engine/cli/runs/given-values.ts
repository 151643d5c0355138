// Values given on the command line: name=value pairs and files of them.
import { resolve } from 'node:path';
import { messageOf, RunbookError } from '../../errors.ts';
import { isJsonObject, type Json } from '../../json.ts';
import { readText } from '../read-text.ts';

export type Given = { readonly [name: string]: Json };

/** Text stays text: it is read by the schema of its input or field later. @throws E_USAGE */
export function parsePairs(pairs: readonly string[], option: string): Given {
  const given: { [name: string]: Json } = Object.create(null);
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 1) {
      throw new RunbookError({
        code: 'E_USAGE',
        message: `${option} takes name=value, not ${pair}`,
        hint: `For example: ${option} users=user_a,user_b`,
      });
    }
    const name = pair.slice(0, equals);
    if (Object.hasOwn(given, name)) {
      throw new RunbookError({
        code: 'E_USAGE',
        message: `${option} gives ${name} twice`,
        hint: `Give it once; the entries of a list stand together: ${option} ${name}=a,b`,
      });
    }
    given[name] = pair.slice(equals + 1);
  }
  return { ...given };
}

const VALUES_FILE = 'Give a YAML or JSON file with one map, a value a name: users: [user_1, user_2]';

/** A YAML or JSON file with one map. @throws E_USAGE */
export async function readValues(file: string | undefined, cwd: string): Promise<Given> {
  if (file === undefined) return {};
  const text = readText(resolve(cwd, file), { code: 'E_USAGE', shown: file, hint: VALUES_FILE });
  const { parseDocument } = await import('yaml');
  let value: unknown;
  try {
    const document = parseDocument(text, { version: '1.2', uniqueKeys: true });
    if (document.errors[0]) throw document.errors[0];
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new RunbookError({
      code: 'E_USAGE',
      message: `${file} is neither YAML nor JSON: ${messageOf(cause)}`,
      hint: VALUES_FILE,
      cause,
    });
  }
  if (isJsonObject(value)) return value;
  throw new RunbookError({ code: 'E_USAGE', message: `${file} must hold a map of names to values`, hint: VALUES_FILE });
}
