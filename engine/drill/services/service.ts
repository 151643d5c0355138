// A server of the world beside Clerk's own API: each listens on a port of its own and may have work of its own.
import type { Socket } from 'node:net';
import type { WorldContext } from '../context.ts';
import type { HttpHandler } from '../http/server.ts';
import type { Scenario, ServerName } from '../scenario.ts';
import type { AppFacts } from './facts.ts';

interface ServiceWork {
  readonly name: ServerName;
  /** Begins work of its own (deliveries, checks); called once all servers of the world listen. */
  start?(): void;
  /** Ends that work. */
  stop?(): Promise<void>;
  /** What the world's facts say of the app and of what surrounds it; one service of a world has it. */
  facts?(): AppFacts;
}

/** Speaks HTTP, or a protocol of its own over TCP. */
export type Service = ServiceWork &
  ({ readonly handler: HttpHandler } | { readonly handler?: never; readonly onConnection: (socket: Socket) => void });

export interface ServiceDefinition {
  readonly name: ServerName;
  /** Whether this scenario's world has it; every world's if absent. */
  isIn?(scenario: Scenario): boolean;
  create(context: WorldContext): Service;
  /** Variables that a run gets for it; asked once all servers listen, and only where the world has it. */
  env?(context: WorldContext): { readonly [name: string]: string };
}
