// What changes the world, as it is written to its file: one line each, in the order of `at`. A request that found nothing
// to change is written too, so that a repeated call can be told from the file alone.
import type { JsonObject } from '../../json.ts';

export interface Ports {
  readonly clerk: number;
  readonly status: number;
  readonly app: number;
}

interface At {
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type Mutation = At &
  (
    | { readonly type: 'users.ban'; readonly users: readonly string[] }
    | { readonly type: 'users.unban'; readonly users: readonly string[] }
    | {
        readonly type: 'user.lock';
        readonly user: string;
        readonly seconds: number | null;
        readonly endSessions: boolean;
      }
    | { readonly type: 'user.unlock'; readonly user: string }
    | { readonly type: 'password.set-compromised'; readonly user: string; readonly endSessions: boolean }
    | { readonly type: 'password.unset-compromised'; readonly user: string }
    | { readonly type: 'user.metadata'; readonly user: string; readonly patch: MetadataPatch }
    | { readonly type: 'session.revoke'; readonly session: string }
    /** The world's servers listen; the same ports are tried again on resume. */
    | { readonly type: 'world.served'; readonly ports: Ports }
  );

/** Deep-merged into what is there; `null` removes a key. */
export interface MetadataPatch {
  readonly public_metadata?: JsonObject;
  readonly private_metadata?: JsonObject;
  readonly unsafe_metadata?: JsonObject;
}

export type MetadataKind = keyof MetadataPatch;
export const METADATA_KINDS: readonly MetadataKind[] = ['public_metadata', 'private_metadata', 'unsafe_metadata'];
