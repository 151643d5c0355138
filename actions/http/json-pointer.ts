// JSON Pointer (RFC 6901): `/checks/0/status`. Each pointer names one place, so there is nothing to search and nothing that can
// take long; a JSON path (RFC 9535) has filters and descendants, which a probe does not need.
import { isJsonObject, type Json } from '../../engine/action.ts';

/** For the input of an action: empty (the whole), or segments that each begin with a slash; `~1` is a slash, `~0` a tilde. */
export const JSON_POINTER_PATTERN = '^(/([^~/]|~[01])*)*$';

/** undefined: nothing stands there. */
export function valueAt(root: Json, pointer: string): Json | undefined {
  let value: Json | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(name) ? value[Number(name)] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}
