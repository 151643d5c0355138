// What a handler of the emulator gets and gives. A handler answers a value, or throws a ClerkApiError before it has
// changed anything.
import type { Json } from '../../json.ts';
import type { Route } from '../http/router.ts';
import type { Signer } from '../keys.ts';
import type { Choices } from '../scenario.ts';
import type { Mutation } from '../state/mutation.ts';
import type { World } from './present.ts';

export interface ClerkContext extends World {
  readonly choices: Choices;
  readonly instance: { readonly id: string; readonly environment: 'production' | 'development' };
  readonly signer: Signer;
  /** Writes the mutation to the world's file and folds it in. When it returns, the request may be answered. */
  commit(mutation: Mutation): void;
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
