// What an action declares as reads though they are no GET, and what of it the step's own inputs say.
import type { ReadingRequest } from '../action.ts';
import { isJsonObject, type Json } from '../json.ts';
import { type AllowedRead, addressOf } from './gate.ts';

/** For the gate. An input that is absent, or no address, allows nothing. */
export function allowedReads(declared: readonly ReadingRequest[], inputs: Json | undefined): readonly AllowedRead[] {
  return declared.flatMap(({ method, path, input }): readonly AllowedRead[] => {
    if (path !== undefined) return [{ method, path }];
    const address = addressIn(inputs, input);
    return address === undefined ? [] : [{ method, address }];
  });
}

/** For people: a read of an input's address with that address, where it is known already. */
export type ShownRead = ReadingRequest & { readonly address?: string };

export function shownReads(declared: readonly ReadingRequest[], inputs: Json | undefined): readonly ShownRead[] {
  return declared.map((read) => {
    const address = read.input === undefined ? undefined : addressIn(inputs, read.input);
    return address === undefined ? read : { ...read, address };
  });
}

function addressIn(inputs: Json | undefined, name: string): string | undefined {
  const value = isJsonObject(inputs) ? inputs[name] : undefined;
  const url = typeof value === 'string' ? URL.parse(value) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? addressOf(url) : undefined;
}
