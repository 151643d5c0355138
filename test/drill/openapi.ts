// Clerk's OpenAPI file as ajv validators. It lies beside the checkout, where the project's reference material is; tests
// that need it are skipped where it is not.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';

const FILE = resolve(import.meta.dirname, '../../../shared/clerk/openapi/bapi-2026-05-12.yml');
export const hasOpenApi = existsSync(FILE);

type Node = { [key: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** OpenAPI 3.0 to JSON Schema: `nullable` becomes a union with null; what only documents is dropped. */
function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (!isNode(value)) return value;
  const { nullable, discriminator: _d, example: _e, deprecated: _x, ...rest } = value;
  const converted: Node = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, convert(inner)]));
  return nullable === true ? { anyOf: [{ type: 'null' }, converted] } : converted;
}

export interface OpenApi {
  /** The validator of an operation's answer with this status. */
  validator(method: string, path: string, status: number): ValidateFunction;
  /** The validator of an operation's JSON body; undefined where the file knows none. */
  requestValidator(method: string, path: string): ValidateFunction | undefined;
  operations(): readonly string[];
}

export function loadOpenApi(): OpenApi {
  const document = parse(readFileSync(FILE, 'utf8')) as Node;
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { int64: true, uri: true, email: true } });
  ajv.addSchema({ $id: 'bapi', components: convert(document.components) });
  const paths = document.paths as { [path: string]: { [method: string]: unknown } };
  return {
    operations: () =>
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      ),
    requestValidator: (method, path) => {
      const operation = paths[path]?.[method.toLowerCase()];
      const body = isNode(operation) && isNode(operation.requestBody) ? operation.requestBody.content : undefined;
      const json = isNode(body) ? body['application/json'] : undefined;
      return isNode(json) ? ajv.compile(convert(json.schema) as Node) : undefined;
    },
    validator: (method, path, status) => {
      const operation = paths[path]?.[method.toLowerCase()];
      if (!isNode(operation) || !isNode(operation.responses)) throw new Error(`${method} ${path} is not in the file`);
      const response = operation.responses[String(status)];
      if (!isNode(response)) throw new Error(`${method} ${path} has no answer ${status} in the file`);
      if (typeof response.$ref === 'string') {
        const name = response.$ref.split('/').at(-1) ?? '';
        const pointer = `bapi#/components/responses/${name.replaceAll('~', '~0')}/content/application~1json/schema`;
        return ajv.compile({ $ref: pointer });
      }
      const content = response.content as { 'application/json': { schema: unknown } };
      return ajv.compile(convert(content['application/json'].schema) as Node);
    },
  };
}
