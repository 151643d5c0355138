// Clerk's error form: {"errors":[{message,long_message,code,meta?}],"clerk_trace_id"} (Clerk Backend API 2026-05-12,
// schema ClerkErrors). Which codes belong to which parameter fault is not in the file; these are the ones its answers are
// known to use, and clients must go by the status.

export interface ErrorItem {
  readonly message: string;
  readonly long_message: string;
  readonly code: string;
  readonly meta?: { readonly [name: string]: unknown };
}

/** Thrown by a handler; the emulator turns it into the answer. Nothing may have been changed before it. */
export class ClerkApiError extends Error {
  readonly status: number;
  readonly items: readonly ErrorItem[];
  readonly headers: { readonly [name: string]: string };

  constructor(status: number, items: readonly ErrorItem[], headers: { readonly [name: string]: string } = {}) {
    super(items[0]?.message ?? `status ${status}`);
    this.name = 'ClerkApiError';
    this.status = status;
    this.items = items;
    this.headers = headers;
  }
}

export function notFound(what: string, id: string): ClerkApiError {
  return new ClerkApiError(404, [
    { message: 'not found', long_message: `No ${what} was found with id ${id}`, code: 'resource_not_found' },
  ]);
}

/** A parameter that is there and wrong. */
export function invalidParameter(name: string, why: string): ClerkApiError {
  return parameterError(name, 'is invalid', `${name} ${why}`, 'form_param_value_invalid');
}

export function missingParameter(name: string, why: string): ClerkApiError {
  return parameterError(name, 'is missing', why, 'form_param_missing');
}

export function unknownParameter(name: string): ClerkApiError {
  const text = `${name} is not a valid parameter for this request.`;
  return parameterError(name, 'is unknown', text, 'form_param_unknown');
}

function parameterError(name: string, message: string, longMessage: string, code: string): ClerkApiError {
  return new ClerkApiError(422, [{ message, long_message: longMessage, code, meta: { param_name: name } }]);
}

export function badBody(why: string): ClerkApiError {
  return new ClerkApiError(400, [
    {
      message: 'Request body invalid',
      long_message: `The request body is invalid: ${why}`,
      code: 'request_body_invalid',
    },
  ]);
}

export function badRequest(code: string, message: string): ClerkApiError {
  return new ClerkApiError(400, [{ message, long_message: message, code }]);
}

export function wrongKey(): ClerkApiError {
  const text = 'The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.';
  return new ClerkApiError(401, [{ message: text, long_message: text, code: 'clerk_key_invalid' }]);
}

export function missingKey(): ClerkApiError {
  const text = 'Invalid Authorization header format. Must be "Bearer <YOUR_API_KEY>"';
  return new ClerkApiError(401, [
    { message: 'Invalid Authorization header format', long_message: text, code: 'authorization_header_format_invalid' },
  ]);
}

export function tooManyRequests(retryAfterSeconds: number): ClerkApiError {
  const text = 'Too many requests. Please try again in a bit.';
  return new ClerkApiError(429, [{ message: 'Too many requests', long_message: text, code: 'too_many_requests' }], {
    'Retry-After': String(retryAfterSeconds),
  });
}

export function notEmulated(method: string, path: string): ClerkApiError {
  return new ClerkApiError(501, [
    {
      message: 'Not implemented by the drill',
      long_message: `The drill's Clerk emulator does not implement ${method} ${path}. This says nothing about Clerk itself.`,
      code: 'drill_not_implemented',
    },
  ]);
}

export function injected(status: number): ClerkApiError {
  return new ClerkApiError(status, [
    {
      message: 'Oops, an unexpected error occurred',
      long_message: `The drill's fault table answers ${status} here.`,
      code: 'internal_clerk_error',
    },
  ]);
}
