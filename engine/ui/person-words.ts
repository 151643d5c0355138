// Who said it, and in which role: one that nothing but themselves says they have is named so.
import type { Actor, RoleTaken } from '../run/events.ts';

/**
 * `bo`, `bo (security)`, `bo (security, self-declared)`.
 * @param actor a drill's scenario says what roles its people have, in journals older than `roleIsChecked` too.
 */
export function person({ by, role, roleIsChecked }: { readonly by: string } & RoleTaken, actor?: Actor): string {
  if (role === undefined) return by;
  const isChecked = roleIsChecked ?? actor?.startsWith('scenario:') ?? false;
  return `${by} (${role}${isChecked ? '' : ', self-declared'})`;
}
