// What a handler of the emulator gets and gives. A handler answers a value, or throws a ClerkApiError before it has
// changed anything.
import type { Json } from '../../json.ts';
import type { WorldContext } from '../context.ts';
import type { Route } from '../http/router.ts';
import type { Choices } from '../scenario.ts';
import type { KeptOrder } from './user-order.ts';

export interface ClerkContext extends WorldContext {
  readonly keptOrder: KeptOrder;
  /** The scenario's: where Clerk's documents are silent. */
  readonly choices: Choices;
  readonly instance: { readonly id: string; readonly environment: 'production' | 'development' };
}

export interface ClerkRequest {
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
  /** The parsed body; undefined where none was sent. */
  readonly body: Json | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type ClerkHandler = (request: ClerkRequest, context: ClerkContext) => Json;
export type ClerkRoute = Route<ClerkHandler>;
