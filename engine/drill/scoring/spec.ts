// What counts as success of a drill; schemas/scenario.schema.json is the source of this form and its defaults.

export type Requirement =
  | 'sessions'
  | 'sign-in'
  | 'api-keys'
  | 'credentials'
  | 'exposed-key'
  | 'tokens'
  | 'app'
  | 'rows'
  | 'bypass';

export interface Success {
  readonly passMark: number;
  readonly containWithinSeconds: number;
  readonly restoreWithinSeconds: number;
  readonly maxMissed: number;
  readonly maxCollateral: number;
  /** Absent: whatever the world has. */
  readonly requires?: readonly Requirement[];
}
