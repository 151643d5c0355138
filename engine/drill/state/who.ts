// Who is there: the seeded users and those who signed up during the drill, less those who are gone. What folds and routes
// ask before they look at a user; see view.ts for what the users look like.
import type { Population } from '../population/population.ts';
import type { SignUp } from './user-change.ts';

/** The part of the world that tells who is there. A FoldContext is one, and so is `{ population, ...state }`. */
export interface Present {
  readonly population: Population;
  readonly signUps: readonly SignUp[];
  readonly deleted: ReadonlySet<number>;
}

/** One more than the highest index that was ever given; those who are gone keep theirs. */
export function userCount({ population, signUps }: Pick<Present, 'population' | 'signUps'>): number {
  return population.size + signUps.length;
}

export function isThere(present: Present, user: number): boolean {
  return user < userCount(present) && !present.deleted.has(user);
}

/** The index of the user with this id, gone or not; undefined for an id that nobody ever had. */
export function userIndexEver(present: Pick<Present, 'population' | 'signUps'>, id: string): number | undefined {
  const user = present.population.anyIndexOf(id);
  return user !== undefined && user < userCount(present) ? user : undefined;
}

/** The index of the user with this id; undefined for one whom there is not, or no more. */
export function findUser(present: Present, id: string): number | undefined {
  const user = userIndexEver(present, id);
  return user === undefined || present.deleted.has(user) ? undefined : user;
}

/** The id that the next one to sign up will have. */
export function nextUserId(present: Pick<Present, 'population' | 'signUps'>): string {
  return present.population.idAt(userCount(present));
}
