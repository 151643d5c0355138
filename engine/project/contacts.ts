// The contacts file as data: whom to call, and who comes next. Pure: its text and its schema come in.
import { isJsonObject, type JsonObject, type Schema } from '../json.ts';
import { type Collector, createCollector } from '../playbook/collector.ts';
import { listAt, objectAt, textsAt } from '../playbook/read.ts';
import type { Path, Source } from '../playbook/source.ts';
import { didYouMean, listed } from '../playbook/suggest.ts';
import { type Forms, type ProjectFile, readProjectFile, refuseInvalid } from './read-file.ts';

export type Person = {
  readonly name: string;
  readonly roles?: readonly string[];
  readonly phone?: string;
  readonly email?: string;
  readonly slack?: string;
  readonly note?: string;
};
export type Vendor = {
  readonly name: string;
  readonly url?: string;
  readonly status?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly priority?: string;
  readonly note?: string;
};
export type EscalationLevel = {
  readonly level: number;
  /** Ids of people or vendors. */
  readonly contacts: readonly string[];
  /** Since the incident was noticed, without mitigation. */
  readonly afterMinutes: number;
};
/** As expressions see it, and as a run keeps it: JSON, so these are type aliases, which fit where JSON is asked for. */
export type Contacts = {
  readonly people: { readonly [id: string]: Person };
  readonly vendors?: { readonly [id: string]: Vendor };
  /** In the order of time. */
  readonly escalation?: readonly EscalationLevel[];
};

/** @throws E_CONTACTS_INVALID with everything that is wrong, each with its place. */
export function parseContacts(file: ProjectFile, schema: Schema): Contacts {
  const collector = createCollector();
  const checked = readProjectFile(file, { schema, forms: FORMS }, collector);
  if (checked?.source) checkMeaning(checked.value, checked.source, collector);
  else if (checked) {
    const at = { location: { file: file.file, line: 1, column: 1 }, length: 1 };
    collector.error(at, 'E_CONFIG_MISSING', 'The file names nobody', 'name at least one of `people`');
  }
  refuseInvalid(file, { code: 'E_CONTACTS_INVALID', what: 'The contacts file' }, collector);
  // Checked by the very schema that the types mirror.
  return (checked?.value ?? {}) as unknown as Contacts;
}

/** What a schema cannot say. */
function checkMeaning(value: JsonObject, source: Source, collector: Collector): void {
  const people = objectAt(value, 'people') ?? {};
  const vendors = objectAt(value, 'vendors') ?? {};
  checkReachable(people, 'people', { source, ways: ['phone', 'email', 'slack'] }, collector);
  checkReachable(vendors, 'vendors', { source, ways: ['url', 'phone', 'email'] }, collector);
  for (const id of Object.keys(vendors)) {
    if (!Object.hasOwn(people, id)) continue;
    const message = `\`${id}\` stands under \`people\` too: an escalation could mean either`;
    collector.error(source.locateKey(['vendors', id]), 'E_CONFIG_VALUE', message, 'give one of them another id');
  }
  checkEscalation(value, [...Object.keys(people), ...Object.keys(vendors)], source, collector);
}

function checkReachable(
  all: JsonObject,
  key: string,
  { source, ways }: { readonly source: Source; readonly ways: readonly string[] },
  collector: Collector,
): void {
  for (const [id, one] of Object.entries(all)) {
    if (!isJsonObject(one) || ways.some((way) => Object.hasOwn(one, way))) continue;
    const hint = `give at least one of ${listed(ways)}`;
    collector.error(source.locateKey([key, id]), 'E_CONFIG_MISSING', `There is no way to reach \`${id}\``, hint);
  }
}

function checkEscalation(value: JsonObject, known: readonly string[], source: Source, collector: Collector): void {
  let last: { readonly level: number; readonly afterMinutes: number } | undefined;
  for (const [index, one] of listAt(value, 'escalation').entries()) {
    if (!isJsonObject(one)) continue;
    const path = ['escalation', index];
    for (const [position, id] of textsAt(one, 'contacts').entries()) {
      if (known.includes(id)) continue;
      const hint = didYouMean(id, known, `there are ${listed(known)}`);
      const message = `There is no contact \`${id}\``;
      collector.error(source.locate([...path, 'contacts', position]), 'E_CONFIG_VALUE', message, hint);
    }
    const { level, afterMinutes } = one;
    if (typeof level !== 'number' || typeof afterMinutes !== 'number') continue;
    if (last && level <= last.level) {
      const message = `Level ${level} stands after level ${last.level}`;
      collector.error(source.locate([...path, 'level']), 'E_CONFIG_VALUE', message, 'write them in the order of time');
    }
    if (last && afterMinutes <= last.afterMinutes) {
      const message = `Level ${level} comes no later than the one before it, which is called after ${last.afterMinutes} minutes`;
      collector.error(source.locate([...path, 'afterMinutes']), 'E_CONFIG_VALUE', message);
    }
    last = { level, afterMinutes };
  }
}

const FORMS: Forms = {
  names: nameWords,
  text(path) {
    switch (path.at(-1)) {
      case 'phone':
        return 'a phone number with its country code';
      case 'email':
        return 'an e-mail address';
      default:
        return undefined;
    }
  },
};

function nameWords(path: Path): string | undefined {
  const isMap = path.length === 1 && (path[0] === 'people' || path[0] === 'vendors');
  return isMap ? 'an id: small letters, digits and underscores, as expressions name it' : undefined;
}
