// Who may approve in a role: the people of the contacts that the run pinned. Where nobody there has a role, a role is what
// people say of themselves. Pure.
import { isJsonObject, type JsonObject } from '../json.ts';
import type { RoleTaken } from './events.ts';

interface Contact {
  readonly id: string;
  readonly name: string;
  readonly email: string | undefined;
  readonly roles: readonly string[];
}

/** True where the contacts say who has which role. */
export function areRolesKnown(contacts: JsonObject | undefined): boolean {
  return peopleIn(contacts).some(({ roles }) => roles.length > 0);
}

export function hasRole(contacts: JsonObject | undefined, role: string): boolean {
  return peopleIn(contacts).some(({ roles }) => roles.includes(role));
}

/** Why this person, named by id, e-mail or name, may not approve in this role; null where they may, or nobody knows. */
export function roleProblem(
  contacts: JsonObject | undefined,
  { name, role }: { readonly name: string; readonly role: string },
): string | null {
  if (!areRolesKnown(contacts)) return null;
  const people = peopleIn(contacts);
  if (people.some((contact) => isNamed(contact, name) && contact.roles.includes(role))) return null;
  const holders = people.filter(({ roles }) => roles.includes(role));
  if (holders.length === 0) {
    return (
      `nobody in the contacts that this run was started with has the role ${role}; ` +
      'change the approval of the step, then go on with: runbook resume --adopt --reason WHY'
    );
  }
  const shown = holders.map(({ id, name: own }) => (own === id ? id : `${id} (${own})`));
  return `${name} does not have the role ${role} in the run's contacts; it is had by ${shown.join(', ')}`;
}

/** Two names of one person: the same but for capitals, or both of one contact (its id, e-mail, name). */
export function isSamePerson(contacts: JsonObject | undefined, one: string, other: string): boolean {
  if (normal(one) === normal(other)) return true;
  return peopleIn(contacts).some((contact) => isNamed(contact, one) && isNamed(contact, other));
}

/** What an event says of the role of a vote that was found to be in order. */
export function roleTaken(
  contacts: JsonObject | undefined,
  { role, isScripted }: { readonly role?: string | undefined; readonly isScripted?: boolean },
): RoleTaken {
  if (role === undefined) return {};
  return { role, roleIsChecked: isScripted === true || areRolesKnown(contacts) };
}

function isNamed({ id, name, email }: Contact, given: string): boolean {
  return [id, name, email].some((one) => one !== undefined && normal(one) === normal(given));
}

function normal(name: string): string {
  return name.trim().toLowerCase();
}

function peopleIn(contacts: JsonObject | undefined): readonly Contact[] {
  const people = contacts?.people;
  if (!isJsonObject(people)) return [];
  return Object.entries(people).flatMap(([id, person]) => {
    if (!isJsonObject(person)) return [];
    const { name, email, roles } = person;
    return [
      {
        id,
        name: typeof name === 'string' ? name : id,
        email: typeof email === 'string' ? email : undefined,
        roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
      },
    ];
  });
}
