// A step's inputs made into one request. What cannot be sent is found here, before any change begins; no message holds
// a value of a header, a query or a body, for those may be secret.
import { PermanentFailure } from '../../engine/action.ts';

export type Method = 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Scalar = string | number | boolean;

export interface RequestInput {
  readonly method?: Method;
  readonly url: string;
  readonly query?: { readonly [name: string]: Scalar | readonly Scalar[] } | undefined;
  readonly headers?: { readonly [name: string]: string } | undefined;
  readonly json?: unknown;
  readonly text?: string | undefined;
}

export interface PreparedRequest {
  readonly method: Method;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | undefined;
  /** `POST https://api.example.org/items`: what messages and the ledger say of it. */
  readonly line: string;
}

/** @throws PermanentFailure */
export function prepareRequest(input: RequestInput): PreparedRequest {
  const method = input.method ?? 'GET';
  const url = URL.parse(input.url);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new PermanentFailure('`url` is no valid http or https address');
  }
  for (const [name, value] of Object.entries(input.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  const line = `${method} ${url.origin}${url.pathname}`;
  const headers = headersOf(input.headers ?? {});
  const body = bodyOf(input, headers);
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw new PermanentFailure(`${line} cannot have a body: remove \`json\` or \`text\`, or use another method`);
  }
  return { method, url: url.href, headers, body, line };
}

function headersOf(given: { readonly [name: string]: string }): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    try {
      if (headers.has(name)) throw new PermanentFailure(`The header ${JSON.stringify(name)} is given twice`);
      headers.set(name, value);
    } catch (thrown) {
      if (thrown instanceof PermanentFailure) throw thrown;
      // Its own message holds the value.
      throw new PermanentFailure(
        `The header ${JSON.stringify(name)} is not valid: its name, or a character of its value`,
      );
    }
  }
  return headers;
}

function bodyOf(input: RequestInput, headers: Headers): string | undefined {
  if (input.json !== undefined && input.text !== undefined) {
    throw new PermanentFailure('`json` and `text` are both given; a request has one body');
  }
  if (input.json !== undefined) {
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return JSON.stringify(input.json);
  }
  if (input.text !== undefined && !headers.has('content-type'))
    headers.set('content-type', 'text/plain; charset=utf-8');
  return input.text;
}
