// Where the world's servers listen; the same ports are tried again on resume.
import type { At, Folds } from './fold.ts';

/** By the server's name. */
export interface Ports {
  readonly [server: string]: number;
}

export type ServedMutation = At & { readonly type: 'world.served'; readonly ports: Ports };

export interface ServedState {
  ports?: Ports;
}

export const servedFolds: Folds<ServedMutation, ServedState> = {
  'world.served': (slice, { ports }) => {
    slice.ports = ports;
  },
};
