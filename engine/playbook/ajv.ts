// How this product sets up ajv: draft 2020-12, its own formats and keywords.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parseDuration } from '../durations.ts';

export type { ErrorObject, ValidateFunction };

/**
 * Strict about unknown keywords and formats, all errors at once. `secret: true` marks values that are never stored
 * (secret-fields.ts).
 */
export function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    verbose: true,
    addUsedSchema: false,
    logger: false,
  });
  formats.default(ajv);
  ajv.addFormat('runbook-duration', (text: string) => parseDuration(text) !== undefined);
  ajv.addKeyword({ keyword: 'secret', schemaType: 'boolean' });
  return ajv;
}

/** `/steps/0/with` as path parts, numbers where the container is a list. */
export function pointerParts(pointer: string): string[] {
  return pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}
