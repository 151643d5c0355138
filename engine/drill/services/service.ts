// A server of the world beside Clerk's own API: each listens on a port of its own and may have work of its own.
import type { WorldContext } from '../context.ts';
import type { HttpHandler } from '../http/server.ts';
import type { ServerName } from '../scenario.ts';

export interface Service {
  readonly name: ServerName;
  readonly handler: HttpHandler;
  /** Begins work of its own (deliveries, checks); called once all servers of the world listen. */
  start?(): void;
  /** Ends that work. */
  stop?(): Promise<void>;
}

export interface ServiceDefinition {
  readonly name: ServerName;
  create(context: WorldContext): Service;
  /** Variables that a run gets for it; asked once all servers listen. */
  env?(context: WorldContext): { readonly [name: string]: string };
}
